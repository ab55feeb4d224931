#include "shell/link_relay.h"

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <deque>
#include <map>
#include <thread>
#include <tuple>
#include <utility>

#include "base/contract.h"
#include "shell/listening.h"

namespace skywarden::shell {
namespace {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;
using udp = asio::ip::udp;
using ErrorCode = boost::system::error_code;
using network::EmulatedPacket;
using network::LinkOffer;
using network::Vertex;

constexpr std::size_t kChunkBytes = 1448;  // what TCP puts into an Ethernet frame
constexpr std::size_t kMarkerBytes = 40;   // IP and TCP headers
constexpr std::size_t kDatagramHeaderBytes = 28;
constexpr std::size_t kReadBytes = 64U << 10;
constexpr std::size_t kUnreadBytesMax = std::size_t{1} << 20;  // a program does not read: its peer waits
constexpr std::size_t kIpHeaderBytes = 20;
constexpr Duration kEarly = std::chrono::microseconds(20);  // of a timer, in real time, still taken as due

using Carried = std::function<void(std::vector<std::byte>)>;

}  // namespace

class LinkRelay::Impl {
 public:
  Impl(std::vector<network::PlannedContact> contacts, const Options& options)
      : contacts_(std::move(contacts)), options_(options) {}

  Result<void> open(const std::vector<RelayedPort>& ports, const std::vector<RelayedDevice>& devices);
  void run() {
    began_ = std::chrono::steady_clock::now();
    for (auto& port : ports_) listen(*port);
    for (auto& device : devices_) read(*device);
    thread_ = std::thread([this] { context_.run(); });
  }
  std::vector<LinkCount> stop();
  [[nodiscard]] std::vector<std::uint16_t> ports() const {
    std::vector<std::uint16_t> numbers;
    for (const auto& port : ports_) numbers.push_back(port->number);
    return numbers;
  }

 private:
  // One direction between two nodes. What arrives is given to whoever sent it there, by tag.
  struct Link {
    Link(asio::io_context& context, network::LinkEmulator machine, Vertex from, Vertex to)
        : emulator(std::move(machine)), timer(context), count{.from = from, .to = to} {}
    network::LinkEmulator emulator;
    asio::steady_timer timer;
    std::optional<Duration> waking_at;
    std::map<std::uint64_t, Carried> carried;
    std::uint64_t next_tag = 0;
    std::vector<std::function<void()>> waiting;  // for room
    LinkCount count;
  };
  struct Stream;
  struct Flow;
  struct Port {
    explicit Port(asio::io_context& context) : acceptor(context), socket(context) {}
    RelayedPort relayed;
    tcp::acceptor acceptor;
    udp::socket socket;
    udp::endpoint sender, target;
    std::uint16_t number = 0;
    std::array<std::byte, kReadBytes> buffer{};
    std::map<udp::endpoint, std::shared_ptr<Flow>> flows;
    std::deque<udp::endpoint> flow_order;
  };
  struct Flow {
    explicit Flow(asio::io_context& context) : socket(context) {}
    udp::socket socket;
    std::array<std::byte, kReadBytes> buffer{};
  };
  struct Device {
    explicit Device(asio::io_context& context) : stream(context) {}
    RelayedDevice relayed;
    asio::posix::stream_descriptor stream;
    std::array<std::byte, kReadBytes> buffer{};
  };
  // What flows one way in a TCP connection, and the end it is written to.
  struct Way {
    Link* link = nullptr;
    std::vector<EmulatedPacket> unsent;  // read, and not taken by the link yet
    std::vector<std::byte> arrived, writing;
    std::array<std::byte, kReadBytes> buffer{};
    bool ended = false;     // the source sends no more
    bool end_sent = false;  // its marker is on the link
    bool end_arrived = false, reading = false, is_writing = false, paused = false, waits_for_room = false;
  };
  struct Stream {
    explicit Stream(asio::io_context& context) : ends{tcp::socket(context), tcp::socket(context)} {}
    std::array<tcp::socket, 2> ends;  // the program's, the target's
    std::array<Way, 2> ways;          // from ends[0], from ends[1]
    tcp::endpoint target;
    bool connected = false, closed = false;
  };
  using StreamPointer = std::shared_ptr<Stream>;

  [[nodiscard]] Duration plan_time() const {
    const auto real = std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - began_);
    return options_.begin +
           Duration(static_cast<std::int64_t>(static_cast<double>(real.count()) * options_.speed));
  }
  [[nodiscard]] std::chrono::steady_clock::time_point real_time(Duration plan) const {
    const double real = static_cast<double>((plan - options_.begin).count()) / options_.speed;
    return began_ + std::chrono::nanoseconds(static_cast<std::int64_t>(real));
  }

  [[nodiscard]] Link& link(Vertex from, Vertex to);
  LinkOffer offer(Link& link, std::vector<std::byte> bytes, Carried carried);
  bool offer_chunk(Link& link, EmulatedPacket& packet);
  void wake(Link& link);
  void serve(Link& link);

  void listen(Port& port);
  void receive(Port& port);
  void datagram(Port& port, std::size_t size);
  std::shared_ptr<Flow> flow(Port& port);
  void reply(Port& port, const std::shared_ptr<Flow>& flow, const udp::endpoint& client);

  void admit(Port& port, tcp::socket socket);
  EmulatedPacket stream_packet(const StreamPointer& stream, std::size_t way, std::vector<std::byte> bytes,
                               bool end);
  void push(const StreamPointer& stream, std::size_t way);
  void read(const StreamPointer& stream, std::size_t way);
  void write(const StreamPointer& stream, std::size_t way);
  void close(const StreamPointer& stream);

  void read(Device& device);
  void packet(Device& device, std::size_t size);

  std::vector<network::PlannedContact> contacts_;
  Options options_;
  asio::io_context context_{1};
  std::chrono::steady_clock::time_point began_;
  std::vector<std::unique_ptr<Port>> ports_;
  std::vector<std::unique_ptr<Device>> devices_;
  std::map<std::pair<Vertex, Vertex>, std::unique_ptr<Link>> links_;
  std::size_t streams_ = 0;
  bool stopping_ = false;
  std::thread thread_;
};

// ---- links

LinkRelay::Impl::Link& LinkRelay::Impl::link(Vertex from, Vertex to) {
  auto& found = links_[{from, to}];
  if (found == nullptr) {
    std::vector<network::PlannedContact> own;
    for (const auto& contact : contacts_)
      if (contact.from == from && contact.to == to) own.push_back(contact);
    network::LinkEmulatorOptions options = options_.link;
    options.seed = Random(options.seed).fork((std::uint64_t{from.value()} << 32U) | to.value()).next();
    found = std::make_unique<Link>(context_, network::LinkEmulator(std::move(own), options), from, to);
  }
  return *found;
}

LinkOffer LinkRelay::Impl::offer(Link& link, std::vector<std::byte> bytes, Carried carried) {
  const std::uint64_t tag = link.next_tag++;
  const std::uint64_t charge = bytes.size() + kDatagramHeaderBytes;
  const LinkOffer taken = link.emulator.datagram({tag, std::move(bytes), charge}, plan_time());
  link.count.lost += taken == LinkOffer::kLost ? 1 : 0;
  link.count.no_contact += taken == LinkOffer::kNoContact ? 1 : 0;
  link.count.overflow += taken == LinkOffer::kFull ? 1 : 0;
  if (taken == LinkOffer::kTaken) link.carried.emplace(tag, std::move(carried));
  wake(link);
  return taken;
}

// Sets the timer to what happens next: an arrival, or room for who waits.
void LinkRelay::Impl::wake(Link& link) {
  std::optional<Duration> at = link.emulator.next_at();
  if (!link.waiting.empty() && link.emulator.room_at())
    at = std::min(at.value_or(Duration::max()), *link.emulator.room_at());
  if (!at || (link.waking_at && *link.waking_at <= *at)) return;
  link.waking_at = at;
  link.timer.expires_at(real_time(*at));
  link.timer.async_wait([this, &link](ErrorCode error) {
    if (error || stopping_) return;
    link.waking_at.reset();
    serve(link);
  });
}

void LinkRelay::Impl::serve(Link& link) {
  const auto early =
      Duration(static_cast<std::int64_t>(static_cast<double>(kEarly.count()) * options_.speed));
  while (auto arrival = link.emulator.take(plan_time() + early)) {
    const Duration late = std::max(Duration{}, plan_time() - arrival->at);
    link.count.late_max = std::max(link.count.late_max, late);
    link.count.late_sum += late;
    ++link.count.packets;
    link.count.bytes += arrival->packet.bytes.size();
    auto node = link.carried.extract(arrival->packet.tag);
    if (!node.empty()) node.mapped()(std::move(arrival->packet.bytes));
  }
  if (link.emulator.has_room(plan_time()))
    for (const auto& resume : std::exchange(link.waiting, {})) resume();
  wake(link);
}

// ---- ports

Result<void> LinkRelay::Impl::open(const std::vector<RelayedPort>& ports,
                                   const std::vector<RelayedDevice>& devices) {
  for (const RelayedDevice& given : devices) {
    auto device = std::make_unique<Device>(context_);
    device->relayed = given;
    device->stream.assign(given.descriptor);
    devices_.push_back(std::move(device));
  }
  ErrorCode error;
  const auto here = asio::ip::make_address(options_.address, error);
  if (error) return fail(Errc::kOutOfRange, "'{}' is not an address", options_.address);
  for (const RelayedPort& relayed : ports) {
    auto port = std::make_unique<Port>(context_);
    port->relayed = relayed;
    const auto there = asio::ip::make_address(relayed.target_address, error);
    if (error) return fail(Errc::kOutOfRange, "'{}' is not an address", relayed.target_address);
    if (relayed.udp) {
      port->target = {there, relayed.target};
      std::ignore = port->socket.open(here.is_v4() ? udp::v4() : udp::v6(), error);
      if (!error) std::ignore = port->socket.bind({here, relayed.listen}, error);
      if (!error) port->number = port->socket.local_endpoint(error).port();
    } else {
      const auto number = listen_at(port->acceptor, options_.address, relayed.listen);
      if (!number) return tl::unexpected<Error>(number.error());
      port->number = *number;
    }
    if (error)
      return fail(Errc::kUnavailable, "{} port {}: {}", options_.address, relayed.listen, error.message());
    ports_.push_back(std::move(port));
  }
  return {};
}

void LinkRelay::Impl::listen(Port& port) {
  if (port.relayed.udp) return receive(port);
  port.acceptor.async_accept([this, &port](ErrorCode error, tcp::socket socket) {
    if (stopping_ || error == asio::error::operation_aborted) return;
    if (!error) admit(port, std::move(socket));
    listen(port);
  });
}

// ---- datagrams

void LinkRelay::Impl::receive(Port& port) {
  port.socket.async_receive_from(asio::buffer(port.buffer), port.sender,
                                 [this, &port](ErrorCode error, std::size_t size) {
                                   if (stopping_ || error == asio::error::operation_aborted) return;
                                   if (!error) datagram(port, size);
                                   receive(port);
                                 });
}

void LinkRelay::Impl::datagram(Port& port, std::size_t size) {
  const auto way = flow(port);
  if (way == nullptr) return;
  offer(link(port.relayed.from, port.relayed.to),
        {port.buffer.begin(), port.buffer.begin() + static_cast<std::ptrdiff_t>(size)},
        [way, target = port.target](const std::vector<std::byte>& bytes) {
          ErrorCode ignored;
          way->socket.send_to(asio::buffer(bytes), target, 0, ignored);
        });
}

// Each sender has a socket of its own towards the target, so that answers find back.
std::shared_ptr<LinkRelay::Impl::Flow> LinkRelay::Impl::flow(Port& port) {
  const auto found = port.flows.find(port.sender);
  if (found != port.flows.end()) return found->second;
  if (port.flows.size() >= options_.flows_max) {
    ErrorCode ignored;
    std::ignore = port.flows.at(port.flow_order.front())->socket.close(ignored);
    port.flows.erase(port.flow_order.front());
    port.flow_order.pop_front();
  }
  auto made = std::make_shared<Flow>(context_);
  ErrorCode error;
  std::ignore = made->socket.open(port.target.protocol(), error);
  if (error) return nullptr;
  port.flows.emplace(port.sender, made);
  port.flow_order.push_back(port.sender);
  reply(port, made, port.sender);
  return made;
}

void LinkRelay::Impl::reply(Port& port, const std::shared_ptr<Flow>& flow, const udp::endpoint& client) {
  ErrorCode error;
  if (flow->socket.local_endpoint(error).port() == 0 || error)
    std::ignore = flow->socket.bind({port.target.protocol(), 0}, error);
  flow->socket.async_receive(
      asio::buffer(flow->buffer), [this, &port, flow, client](ErrorCode failed, std::size_t size) {
        if (stopping_ || failed == asio::error::operation_aborted || !flow->socket.is_open()) return;
        if (!failed)
          offer(link(port.relayed.to, port.relayed.from),
                {flow->buffer.begin(), flow->buffer.begin() + static_cast<std::ptrdiff_t>(size)},
                [&port, client](const std::vector<std::byte>& bytes) {
                  ErrorCode ignored;
                  port.socket.send_to(asio::buffer(bytes), client, 0, ignored);
                });
        reply(port, flow, client);
      });
}

// ---- streams

void LinkRelay::Impl::admit(Port& port, tcp::socket socket) {
  if (streams_ >= options_.streams_max) return;  // closes it
  ErrorCode ignored;
  std::ignore = socket.set_option(tcp::no_delay(true), ignored);
  auto stream = std::make_shared<Stream>(context_);
  ++streams_;
  stream->ends[0] = std::move(socket);
  stream->target = {asio::ip::make_address(port.relayed.target_address, ignored), port.relayed.target};
  stream->ways[0].link = &link(port.relayed.from, port.relayed.to);
  stream->ways[1].link = &link(port.relayed.to, port.relayed.from);
  // The marker that opens it.
  EmulatedPacket marker{0, {}, kMarkerBytes};
  Way& way = stream->ways[0];
  marker.tag = way.link->next_tag++;
  way.link->carried.emplace(marker.tag, [this, stream](const std::vector<std::byte>&) {
    if (stream->closed) return;
    stream->ends[1].async_connect(stream->target, [this, stream](ErrorCode error) {
      if (error || stream->closed) return close(stream);
      ErrorCode unset;
      std::ignore = stream->ends[1].set_option(tcp::no_delay(true), unset);
      stream->connected = true;
      write(stream, 0);
      read(stream, 1);
    });
  });
  way.unsent.push_back(std::move(marker));
  push(stream, 0);
  read(stream, 0);
}

EmulatedPacket LinkRelay::Impl::stream_packet(const StreamPointer& stream, std::size_t way,
                                              std::vector<std::byte> bytes, bool end) {
  Link& link = *stream->ways[way].link;
  const std::uint64_t charge = end ? kMarkerBytes : bytes.size();
  EmulatedPacket packet{link.next_tag++, std::move(bytes), charge};
  link.carried.emplace(packet.tag, [this, stream, way, end](const std::vector<std::byte>& carried) {
    if (stream->closed) return;
    Way& arrived = stream->ways[way];
    arrived.arrived.insert(arrived.arrived.end(), carried.begin(), carried.end());
    arrived.end_arrived = arrived.end_arrived || end;
    write(stream, way);
  });
  return packet;
}

// Puts what was read onto the link, as far as there is room.
void LinkRelay::Impl::push(const StreamPointer& stream, std::size_t which) {
  Way& way = stream->ways[which];
  way.waits_for_room = false;
  std::size_t taken = 0;
  while (taken < way.unsent.size() &&
         way.link->emulator.chunk(way.unsent[taken], plan_time()) == LinkOffer::kTaken)
    ++taken;
  way.unsent.erase(way.unsent.begin(), way.unsent.begin() + static_cast<std::ptrdiff_t>(taken));
  if (!way.unsent.empty()) {
    // Without a contact for the rest of the plan it waits for ever: the program sees a peer that is silent.
    way.waits_for_room = true;
    way.link->waiting.emplace_back([this, stream, which] {
      if (stream->closed) return;
      push(stream, which);
      read(stream, which);
    });
  }
  wake(*way.link);
}

void LinkRelay::Impl::read(const StreamPointer& stream, std::size_t which) {
  Way& way = stream->ways[which];
  if (stream->closed || way.reading || way.ended || !way.unsent.empty()) return;
  way.paused = way.arrived.size() > kUnreadBytesMax;
  if (way.paused) return;
  way.reading = true;
  stream->ends[which].async_read_some(
      asio::buffer(way.buffer), [this, stream, which](ErrorCode error, std::size_t size) {
        if (stopping_ || stream->closed) return;
        Way& from = stream->ways[which];
        from.reading = false;
        for (std::size_t at = 0; at < size; at += kChunkBytes) {
          const auto begin = from.buffer.begin() + static_cast<std::ptrdiff_t>(at);
          const auto end = begin + static_cast<std::ptrdiff_t>(std::min(kChunkBytes, size - at));
          from.unsent.push_back(stream_packet(stream, which, {begin, end}, false));
        }
        if (error) {
          from.ended = true;
          from.unsent.push_back(stream_packet(stream, which, {}, true));
        }
        push(stream, which);
        read(stream, which);
      });
}

void LinkRelay::Impl::write(const StreamPointer& stream, std::size_t which) {
  Way& way = stream->ways[which];
  tcp::socket& to = stream->ends[1 - which];
  if (stream->closed || way.is_writing || (which == 0 && !stream->connected)) return;
  if (way.arrived.empty()) {
    if (!way.end_arrived) return;
    ErrorCode ignored;
    std::ignore = to.shutdown(tcp::socket::shutdown_send, ignored);
    way.end_sent = true;
    if (stream->ways[0].end_sent && stream->ways[1].end_sent) close(stream);
    return;
  }
  way.is_writing = true;
  way.writing.swap(way.arrived);
  way.arrived.clear();
  asio::async_write(to, asio::buffer(way.writing), [this, stream, which](ErrorCode error, std::size_t) {
    Way& written = stream->ways[which];
    written.is_writing = false;
    if (stopping_ || stream->closed) return;
    if (error) return close(stream);
    write(stream, which);
    if (written.paused) read(stream, which);
  });
}

void LinkRelay::Impl::close(const StreamPointer& stream) {
  if (std::exchange(stream->closed, true)) return;
  --streams_;
  ErrorCode ignored;
  for (tcp::socket& end : stream->ends) std::ignore = end.close(ignored);
}

// ---- devices

void LinkRelay::Impl::read(Device& device) {
  device.stream.async_read_some(asio::buffer(device.buffer),
                                [this, &device](ErrorCode error, std::size_t size) {
                                  if (stopping_ || error == asio::error::operation_aborted) return;
                                  if (error) return;  // the device is gone
                                  packet(device, size);
                                  read(device);
                                });
}

void LinkRelay::Impl::packet(Device& device, std::size_t size) {
  if (size < kIpHeaderBytes || (std::to_integer<unsigned>(device.buffer[0]) >> 4U) != 4) return;
  std::uint32_t destination = 0;
  for (std::size_t i = 16; i < kIpHeaderBytes; ++i)
    destination = (destination << 8U) | std::to_integer<std::uint32_t>(device.buffer[i]);
  for (const auto& other : devices_) {
    if (other->relayed.address != destination) continue;
    Link& way = link(device.relayed.node, other->relayed.node);
    const std::uint64_t tag = way.next_tag++;
    const LinkOffer taken = way.emulator.datagram(
        {tag, {device.buffer.begin(), device.buffer.begin() + static_cast<std::ptrdiff_t>(size)}, size},
        plan_time());
    way.count.lost += taken == LinkOffer::kLost ? 1 : 0;
    way.count.no_contact += taken == LinkOffer::kNoContact ? 1 : 0;
    way.count.overflow += taken == LinkOffer::kFull ? 1 : 0;
    if (taken == LinkOffer::kTaken)
      way.carried.emplace(tag, [to = other.get()](const std::vector<std::byte>& bytes) {
        ErrorCode ignored;
        to->stream.write_some(asio::buffer(bytes), ignored);
      });
    wake(way);
    return;
  }
}

std::vector<LinkCount> LinkRelay::Impl::stop() {
  if (!thread_.joinable()) return {};
  asio::post(context_, [this] {
    stopping_ = true;
    context_.stop();
  });
  thread_.join();
  std::vector<LinkCount> counts;
  for (const auto& [ends, link] : links_) {
    link->carried.clear();
    link->waiting.clear();
    counts.push_back(link->count);
  }
  return counts;
}

// ---- outside

LinkRelay::LinkRelay(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
LinkRelay::~LinkRelay() {
  (void)stop();
}

Result<std::unique_ptr<LinkRelay>> LinkRelay::start(std::vector<network::PlannedContact> contacts,
                                                    const std::vector<RelayedPort>& ports,
                                                    const std::vector<RelayedDevice>& devices,
                                                    const Options& options) {
  if (const auto good = options.link.validate(); !good) return tl::unexpected<Error>(good.error());
  if (!(options.speed > 0.0 && options.speed <= 1e6))
    return fail(Errc::kOutOfRange, "a speed of {}, expected above 0 to 1e6", options.speed);
  auto impl = std::make_unique<Impl>(std::move(contacts), options);
  if (const auto opened = impl->open(ports, devices); !opened) return tl::unexpected<Error>(opened.error());
  impl->run();
  return std::unique_ptr<LinkRelay>(new LinkRelay(std::move(impl)));
}

std::vector<std::uint16_t> LinkRelay::ports() const {
  return impl_->ports();
}
std::vector<LinkCount> LinkRelay::stop() {
  return impl_->stop();
}

}  // namespace skywarden::shell
