#define _GNU_SOURCE
#include "wire.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { READ_BYTES = 256 << 10, EVENTS = 512 };

static int poller = -1;
uint64_t woken;

void die(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fputs("relay_load: ", stderr);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  va_end(arguments);
  exit(1);
}

uint64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

// Bytes

uint8_t *extend(Buffer *buffer, size_t count) {
  if (buffer->length + count > buffer->capacity) {
    while (buffer->capacity < buffer->length + count) {
      buffer->capacity = buffer->capacity ? buffer->capacity * 2 : 256;
    }
    buffer->bytes = realloc(buffer->bytes, buffer->capacity);
    if (buffer->bytes == NULL) die("out of memory");
  }
  buffer->length += count;
  return buffer->bytes + buffer->length - count;
}

void append(Buffer *buffer, const void *bytes, size_t count) {
  if (count > 0) memcpy(extend(buffer, count), bytes, count);
}

// Protobuf

void put_varint(Buffer *buffer, uint64_t value) {
  while (value >= 0x80) {
    *extend(buffer, 1) = (uint8_t)(value | 0x80);
    value >>= 7;
  }
  *extend(buffer, 1) = (uint8_t)value;
}

void put_number(Buffer *buffer, uint32_t field, uint64_t value) {
  if (value == 0) return;
  put_varint(buffer, field << 3);
  put_varint(buffer, value);
}

static void put_delimited(Buffer *buffer, uint32_t field, const void *bytes, size_t count) {
  put_varint(buffer, field << 3 | 2);
  put_varint(buffer, count);
  append(buffer, bytes, count);
}

void put_bytes(Buffer *buffer, uint32_t field, const void *bytes, size_t count) {
  if (count > 0) put_delimited(buffer, field, bytes, count);
}

void put_text(Buffer *buffer, uint32_t field, const char *text) {
  put_bytes(buffer, field, text, strlen(text));
}

void put_message(Buffer *buffer, uint32_t field, const Buffer *message) {
  put_delimited(buffer, field, message->bytes, message->length);
}

static bool get_varint(const uint8_t **at, const uint8_t *end, uint64_t *value) {
  *value = 0;
  for (int shift = 0; *at < end && shift < 64; shift += 7) {
    uint8_t byte = *(*at)++;
    *value |= (uint64_t)(byte & 0x7f) << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

bool next_field(const uint8_t **at, const uint8_t *end, Field *field) {
  uint64_t key;
  if (!get_varint(at, end, &key)) return false;
  field->number = (uint32_t)(key >> 3);
  field->bytes = *at;
  switch (key & 7) {
    case 0:
      return get_varint(at, end, &field->value);
    case 2:
      if (!get_varint(at, end, &field->value) || field->value > (size_t)(end - *at)) return false;
      field->bytes = *at;
      *at += field->value;
      return true;
    default:  // The messages that are read here have no fixed numbers.
      return false;
  }
}

// Frames

void put_frame(Buffer *buffer, int kind, int flags, uint64_t call, const Buffer *head, const Buffer *body) {
  size_t head_length = head ? head->length : 0, body_length = body ? body->length : 0;
  Header header = {(uint32_t)(head_length + body_length), (uint8_t)kind, (uint8_t)flags, (uint16_t)head_length, call};
  append(buffer, &header, sizeof header);
  if (head) append(buffer, head->bytes, head_length);
  if (body) append(buffer, body->bytes, body_length);
}

// Takes whole frames. Gives how many bytes they were.
static size_t take_frames(Peer *peer, const uint8_t *bytes, size_t count) {
  size_t taken = 0;
  while (count - taken >= HEADER_BYTES && peer->source.fd >= 0) {
    Header header;
    memcpy(&header, bytes + taken, HEADER_BYTES);
    if (header.length > FRAME_BYTES_MAX || header.head_length > header.length) die("no frame begins so");
    if (count - taken - HEADER_BYTES < header.length) break;
    peer->frame(peer, &header, bytes + taken + HEADER_BYTES);
    taken += HEADER_BYTES + header.length;
  }
  return taken;
}

// Sockets

static void control(Source *source, int operation, uint32_t events) {
  struct epoll_event event = {.events = events, .data.ptr = source};
  if (epoll_ctl(poller, operation, source->fd, &event) != 0) die("epoll: %s", strerror(errno));
}

void watch(Source *source) {
  if (poller < 0) poller = epoll_create1(EPOLL_CLOEXEC);
  control(source, EPOLL_CTL_ADD, EPOLLIN);
}

void close_peer(Peer *peer) {
  if (peer->source.fd < 0) return;
  close(peer->source.fd);
  peer->source.fd = -1;
  free(peer->rest.bytes);
  free(peer->out.bytes);
  peer->rest = peer->out = (Buffer){0};
}

void flush(Peer *peer) {
  if (peer->source.fd < 0) return;
  while (peer->sent < peer->out.length) {
    ssize_t count =
        send(peer->source.fd, peer->out.bytes + peer->sent, peer->out.length - peer->sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) break;  // Full; or broken, which the next read tells.
    peer->sent += (size_t)count;
  }
  bool waits = peer->sent < peer->out.length;
  if (!waits) peer->sent = peer->out.length = 0;
  if (waits != peer->waits) control(&peer->source, EPOLL_CTL_MOD, waits ? EPOLLIN | EPOLLOUT : EPOLLIN);
  peer->waits = waits;
}

static void peer_ready(Source *source) {
  static uint8_t bytes[READ_BYTES + FRAME_BYTES_MAX + HEADER_BYTES];
  Peer *peer = (Peer *)source;
  size_t rest = peer->rest.length;
  if (rest > 0) memcpy(bytes, peer->rest.bytes, rest);
  ssize_t count = recv(source->fd, bytes + rest, READ_BYTES, MSG_DONTWAIT);
  if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) {
    peer->closed(peer);
    close_peer(peer);
    return;
  }
  if (count > 0) {
    size_t whole = rest + (size_t)count, taken = take_frames(peer, bytes, whole);
    if (peer->source.fd < 0) return;
    peer->rest.length = 0;
    append(&peer->rest, bytes + taken, whole - taken);
  }
  flush(peer);
}

void open_peer(Peer *peer, int fd) {
  int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  peer->source = (Source){fd, peer_ready};
  watch(&peer->source);
}

void poll_sources(double milliseconds) {
  struct epoll_event events[EVENTS];
  const int64_t nanoseconds = (int64_t)(milliseconds * 1e6);
  const struct timespec wait = {nanoseconds / 1000000000, nanoseconds % 1000000000};
  int count = epoll_pwait2(poller, events, EVENTS, &wait, NULL);
  woken = now_ns();
  for (int i = 0; i < count; i++) {
    Source *source = events[i].data.ptr;
    if (source->fd >= 0) source->ready(source);
  }
}
