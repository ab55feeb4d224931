/* Election, commit and change of vote shares as src/consensus/raft*.h does them, for exhaustive search by spin.
 *
 * Nothing is bounded but the number of nodes, terms and entries; messages are not a set that grows but what
 * the state says could still arrive (README.md argues why no behaviour is lost):
 *   - a vote reaches the candidate at once or never; it becomes leader at once or never does a thing;
 *   - an append of term t may carry any piece of the log that the leader of t has written, at any time after,
 *     as often as it likes and in any order, and be lost; sent() keeps that log when the leader itself is cut;
 *   - an answer to it counts for the leader of t at any later time, whatever has become of who gave it.
 * A node that learns of a term, crashes or steps down does nothing here: in this model nobody has to act.
 *
 * An entry is 16 * term + what: 0 a proposal or the no-op, 1..3 an epoch, 4 + 3 * (old - 1) + (new - 1) a
 * joint one. Index 0 is before the first entry; there the founding epoch rules, which is epoch 1. Shares are
 * decimal digits, node 0 in the last. */

#ifndef NODES
#define NODES 3
#endif
#ifndef TERMS
#define TERMS 3
#endif
#ifndef ENTRIES
#define ENTRIES 4
#endif
#ifndef EPOCHS
#define EPOCHS 2
#endif
#ifndef SHARES_1
#define SHARES_1 111
#endif
#ifndef SHARES_2
#define SHARES_2 210
#endif
#ifndef SHARES_3
#define SHARES_3 211
#endif

#define FOLLOWER 0
#define CANDIDATE 1
#define LEADER 2

#define log(n, index) logs[(n) * ENTRIES + (index) - 1]
#define sent(term, index) written[((term) - 1) * ENTRIES + (index) - 1]
#define acked(term, n) answers[((term) - 1) * NODES + (n)]
#define term_of(entry) ((entry) >> 4)
#define what_of(entry) ((entry) & 15)

#define joint(what) ((what) >= 4)
#define incoming(what) (joint(what) -> ((what) - 4) % 3 + 1 : (what))
#define outgoing(what) (((what) - 4) / 3 + 1)
#define shares_of(epoch) ((epoch) == 1 -> SHARES_1 : ((epoch) == 2 -> SHARES_2 : SHARES_3))
#define share(shares, n) ((n) == 0 -> (shares) % 10 : ((n) == 1 -> (shares) / 10 % 10 : ((n) == 2 -> (shares) / 100 % 10 : (shares) / 1000)))

/* What is durable, and the role. */
byte now_in[NODES];           /* the term */
bit voted[NODES];             /* in that term */
byte role[NODES];
byte votes[NODES];            /* a candidate's, a bit for each node; otherwise 0 */
byte length[NODES];
byte logs[NODES * ENTRIES];
/* What was sent and may still arrive. */
byte written_length[TERMS];
byte written[TERMS * ENTRIES];
byte answers[TERMS * NODES];  /* how far each node has agreed with the leader of that term, while it leads */
byte committed_by[TERMS];     /* up to where the leader of that term has committed */
/* What is only watched. */
bit elected[TERMS];
byte committed[ENTRIES];      /* by anybody, ever; 0: nothing yet */
byte committed_first[ENTRIES];/* in which term */

/* For within one step. */
hidden byte k, n, passed, what, at, other;
hidden short shares, from, to, sum, total, needed, largest;
hidden byte won, fits;

inline quorum() {  /* needed := W / 2 + 1 */
  total = 0;
  n = 0;
  do
  :: n < NODES -> total = total + share(shares, n); n++
  :: else -> break
  od;
  needed = total / 2 + 1
}

inline reached(set) {  /* won := do these make a quorum? */
  quorum();
  sum = 0;
  n = 0;
  do
  :: n < NODES -> sum = sum + (((set) >> n) & 1) * share(shares, n); n++
  :: else -> break
  od;
  won = (sum >= needed)
}

inline decides(epoch, set) {
  shares = shares_of(incoming(epoch));
  reached(set);
#ifndef BREAK_HALVES  /* a joint epoch decides by its incoming half alone */
  if
  :: won && joint(epoch) ->
     shares = shares_of(outgoing(epoch));
     reached(set)
  :: else -> skip
  fi
#endif
}

inline ruling(node) {  /* what := the latest epoch of its log, committed or not; at := its index */
  at = length[node];
  do
  :: at > 0 && what_of(log(node, at)) == 0 -> at--
  :: else -> break
  od;
  what = (at == 0 -> 1 : what_of(log(node, at)))
}

inline direct() {  /* fits := q_from + q_to > sum of max(from, to) */
  shares = from;
  quorum();
  sum = needed;
  shares = to;
  quorum();
  sum = sum + needed;
  largest = 0;
  n = 0;
  do
  :: n < NODES ->
     largest = largest + (share(from, n) > share(to, n) -> share(from, n) : share(to, n));
     n++
  :: else -> break
  od;
  fits = (sum > largest)
}

inline forget(term) {  /* what can no longer matter: one state instead of many */
  n = 0;
  fits = 1;
  won = 1;
  do
  :: n < NODES ->
     if
     :: now_in[n] == term && role[n] == LEADER -> won = 0
     :: else -> skip
     fi;
     if
     :: now_in[n] <= term -> fits = 0
     :: else -> skip
     fi;
     n++
  :: else -> break
  od;
  if
  :: won ->  /* nobody leads in it any more: no answer counts */
     n = 0;
     do
     :: n < NODES -> acked(term, n) = 0; n++
     :: else -> break
     od
  :: else -> skip
  fi;
  if
  :: fits ->  /* everybody is beyond it: none of its messages is heard */
     n = 1;
     do
     :: n <= ENTRIES -> sent(term, n) = 0; n++
     :: else -> break
     od;
     written_length[term - 1] = 0;
     committed_by[term - 1] = 0;
     elected[term - 1] = 0
  :: else -> skip
  fi
}

inline enter(node, term) {
  passed = now_in[node];
  now_in[node] = term;
  voted[node] = 0;
  role[node] = FOLLOWER;
  votes[node] = 0;
  do
  :: passed < term ->
     if
     :: passed > 0 -> forget(passed)
     :: else -> skip
     fi;
     passed++
  :: else -> break
  od
}

inline count(node) {  /* enough votes? */
  ruling(node);
  decides(what, votes[node]);
  if
  :: won ->
     assert(!elected[now_in[node] - 1]);  /* election safety */
     elected[now_in[node] - 1] = 1;
     role[node] = LEADER;
     votes[node] = 0;
     k = 1;
     do
     :: k <= ENTRIES ->  /* leader completeness, of what was committed before */
        assert(committed[k - 1] == 0 || committed_first[k - 1] >= now_in[node] ||
               (k <= length[node] && log(node, k) == committed[k - 1]));
        k++
     :: else -> break
     od;
     k = 1;
     do
     :: k <= length[node] -> sent(now_in[node], k) = log(node, k); k++
     :: else -> break
     od;
     written_length[now_in[node] - 1] = length[node]
  :: else -> skip
  fi
}

inline append_own(node, value) {
  length[node] = length[node] + 1;
  log(node, length[node]) = 16 * now_in[node] + (value);
  sent(now_in[node], length[node]) = log(node, length[node]);
  written_length[now_in[node] - 1] = length[node]
}

/* ---- what may happen */

#define no_newer(a, b) /* is the log of b at least as complete as that of a? */ \
  (last_term(a) < last_term(b) || (last_term(a) == last_term(b) && length[a] <= length[b]))
#define last_term(node) (length[node] == 0 -> 0 : term_of(log(node, length[node])))

#ifdef BREAK_COMPARE
#define complete_enough(a, b) 1
#else
#define complete_enough(a, b) no_newer(a, b)
#endif
#ifdef BREAK_VOTE
#define free_to_vote(node) 1
#else
#define free_to_vote(node) (!voted[node])
#endif

#define CAMPAIGN(i, term) \
  :: d_step { now_in[i] < term -> \
       enter(i, term); voted[i] = 1; role[i] = CANDIDATE; votes[i] = 1 << i; count(i) }

#define VOTE(j, i) \
  :: d_step { role[i] == CANDIDATE && (now_in[j] < now_in[i] || (now_in[j] == now_in[i] && free_to_vote(j))) && \
       complete_enough(j, i) -> \
       if :: now_in[j] < now_in[i] -> other = now_in[i]; enter(j, other) :: else -> skip fi; \
       voted[j] = 1; votes[i] = votes[i] | (1 << j); count(i) }

/* Entries after `previous` up to `last`, as the leader of `term` has written them. */
#define APPEND(j, term, previous, last) \
  :: d_step { now_in[j] <= term && last <= written_length[term - 1] && elected[term - 1] && \
       !(role[j] == LEADER && now_in[j] == term) && agrees(j, term, previous) -> \
       if :: now_in[j] < term -> enter(j, term) \
       :: else -> role[j] = FOLLOWER; votes[j] = 0 fi; \
       take(j, term, previous, last) }

#ifdef BREAK_PREVIOUS
#define agrees(j, term, previous) (previous == 0 || length[j] >= previous)
#else
#define agrees(j, term, previous) \
  (previous == 0 || (length[j] >= previous && term_of(log(j, previous)) == term_of(sent(term, previous))))
#endif

inline take(j, term, previous, last) {
  k = previous + 1;
  do
  :: k <= last && k <= length[j] && term_of(log(j, k)) == term_of(sent(term, k)) -> k++
  :: else -> break
  od;
  if
  :: k <= last ->  /* the rest is cut off, and the epochs in it */
     at = k;
     do
     :: at <= length[j] -> log(j, at) = 0; at++
     :: else -> break
     od;
     do
     :: k <= last -> log(j, k) = sent(term, k); k++
     :: else -> break
     od;
     length[j] = last
  :: else -> skip
  fi;
  k = 1;
  do
  :: k <= last ->  /* log matching; and what the follower applies is what was committed */
     assert(log(j, k) == sent(term, k));
     assert(k > committed_by[term - 1] || committed[k - 1] == log(j, k));
     k++
  :: else -> break
  od;
  acked(term, j) = (acked(term, j) > last -> acked(term, j) : last);
  forget(term)
}

#define PROPOSE(i) \
  :: d_step { role[i] == LEADER && length[i] < ENTRIES -> append_own(i, 0) }

#ifdef BREAK_OWN_TERM_CHANGE
#define own_term_committed(i) 1
#else
#define own_term_committed(i) (committed_by[now_in[i] - 1] > 0)
#endif
#ifdef BREAK_ONE_AT_A_TIME
#define settled(i) 1
#else
#define settled(i) (at <= committed_by[now_in[i] - 1])
#endif

#define CHANGE(i, epoch) \
  :: d_step { role[i] == LEADER && length[i] < ENTRIES && own_term_committed(i) -> change(i, epoch) }

inline change(i, epoch) {
  ruling(i);
  if
  :: !joint(what) && what != epoch && settled(i) ->
     from = shares_of(what);
     to = shares_of(epoch);
     direct();
#ifdef BREAK_JOINT
     fits = 1;
#endif
     other = (fits -> epoch : 4 + 3 * (what - 1) + (epoch - 1));
     append_own(i, other)
  :: else -> skip
  fi
}

#define LEAVE(i) \
  :: d_step { role[i] == LEADER && length[i] < ENTRIES && committed_by[now_in[i] - 1] > 0 -> leave(i) }

inline leave(i) {
  ruling(i);
  if
  :: joint(what) && at <= committed_by[now_in[i] - 1] ->
     other = incoming(what);
     append_own(i, other)
  :: else -> skip
  fi
}

#ifdef BREAK_OWN_TERM_COMMIT
#define countable(i, index) 1
#else
#define countable(i, index) (term_of(log(i, index)) == now_in[i])
#endif

#define COMMIT(i, index) \
  :: d_step { role[i] == LEADER && length[i] >= index && committed_by[now_in[i] - 1] < index && \
       countable(i, index) -> \
       held(i, index); \
       if :: won -> commit(i, index) :: else -> skip fi }

inline held(i, index) {  /* won := does a quorum hold it, as far as the leader could know? */
  other = 0;
  n = 0;
  do
  :: n < NODES ->
     if
     :: n == i || acked(now_in[i], n) >= index -> other = other | (1 << n)
     :: else -> skip
     fi;
     n++
  :: else -> break
  od;
  ruling(i);
  decides(what, other)
}

inline commit(i, index) {
  k = committed_by[now_in[i] - 1] + 1;
  do
  :: k <= index ->
     assert(committed[k - 1] == 0 || committed[k - 1] == log(i, k));  /* state machine safety */
     if
     :: committed[k - 1] == 0 || committed_first[k - 1] > now_in[i] -> committed_first[k - 1] = now_in[i]
     :: else -> skip
     fi;
     committed[k - 1] = log(i, k);
     passed = now_in[i] + 1;
     do
     :: passed <= TERMS ->  /* leader completeness, of leaders who are there already */
        assert(!elected[passed - 1] || (k <= written_length[passed - 1] && sent(passed, k) == log(i, k)));
        passed++
     :: else -> break
     od;
     k++
  :: else -> break
  od;
  committed_by[now_in[i] - 1] = index;
#ifdef REACH_CHANGE  /* not a rule: shows that changes are finished within the bounds, by failing */
  assert(what_of(log(i, index)) != 2);
#endif
}

/* ---- all of it, for every node, term and index */

#if NODES == 3
#define EACH_NODE(do_it) do_it(0) do_it(1) do_it(2)
#define EACH_PAIR(do_it) \
  do_it(0, 1) do_it(0, 2) do_it(1, 0) do_it(1, 2) do_it(2, 0) do_it(2, 1)
#else
#define EACH_NODE(do_it) do_it(0) do_it(1) do_it(2) do_it(3)
#define EACH_PAIR(do_it) \
  do_it(0, 1) do_it(0, 2) do_it(0, 3) do_it(1, 0) do_it(1, 2) do_it(1, 3) \
  do_it(2, 0) do_it(2, 1) do_it(2, 3) do_it(3, 0) do_it(3, 1) do_it(3, 2)
#endif
#if TERMS == 2
#define EACH_TERM(do_it, i) do_it(i, 1) do_it(i, 2)
#elif TERMS == 3
#define EACH_TERM(do_it, i) do_it(i, 1) do_it(i, 2) do_it(i, 3)
#else
#define EACH_TERM(do_it, i) do_it(i, 1) do_it(i, 2) do_it(i, 3) do_it(i, 4)
#endif
#define TO_2(j, term) APPEND(j, term, 0, 1) APPEND(j, term, 1, 1) APPEND(j, term, 0, 2) APPEND(j, term, 1, 2) APPEND(j, term, 2, 2)
#define TO_3(j, term) TO_2(j, term) APPEND(j, term, 0, 3) APPEND(j, term, 1, 3) APPEND(j, term, 2, 3) APPEND(j, term, 3, 3)
#define TO_4(j, term) TO_3(j, term) APPEND(j, term, 0, 4) APPEND(j, term, 1, 4) APPEND(j, term, 2, 4) APPEND(j, term, 3, 4) APPEND(j, term, 4, 4)
#if ENTRIES == 2
#define APPENDS(j, term) TO_2(j, term)
#define COMMITS(i) COMMIT(i, 1) COMMIT(i, 2)
#elif ENTRIES == 3
#define APPENDS(j, term) TO_3(j, term)
#define COMMITS(i) COMMIT(i, 1) COMMIT(i, 2) COMMIT(i, 3)
#else
#define APPENDS(j, term) TO_4(j, term)
#define COMMITS(i) COMMIT(i, 1) COMMIT(i, 2) COMMIT(i, 3) COMMIT(i, 4)
#endif
#if EPOCHS == 1
#define CHANGES(i)
#elif EPOCHS == 2
#define CHANGES(i) CHANGE(i, 1) CHANGE(i, 2) LEAVE(i)
#else
#define CHANGES(i) CHANGE(i, 1) CHANGE(i, 2) CHANGE(i, 3) LEAVE(i)
#endif

#define OF_NODE(i) EACH_TERM(CAMPAIGN, i) EACH_TERM(APPENDS, i) PROPOSE(i) CHANGES(i) COMMITS(i)

init {
end:
  do
  EACH_PAIR(VOTE)
  EACH_NODE(OF_NODE)
  od
}
