// Templates without a compiler: htm parses tagged template strings, no eval, no innerHTML.
import { h } from 'preact';
import htm from 'htm';

export const html = htm.bind(h);
