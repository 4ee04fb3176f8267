// What both sides of the load need of the Millpond wire (Protos/README.md): bytes, frames, and sockets in one epoll.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HEADER_BYTES = 16, FRAME_BYTES_MAX = 4 << 20 };
enum { HELLO = 1, REQUEST, RESPONSE, CANCEL, PING, PONG, GO_AWAY, LOAD_REPORT };
enum { END = 1, MORE = 2 };

// Each call's text ends with letters of its own, and a fake worker begins its vector with the bytes that end the
// request. So no two calls can share an answer, and an answer that comes to another call is found.
enum { STAMP_BYTES = 8, STAMP_OFFSET = 6 };  // in the answer's body, behind two tags and two lengths

// Bytes that grow.
typedef struct {
  uint8_t *bytes;
  size_t length, capacity;
} Buffer;

uint8_t *extend(Buffer *buffer, size_t count);  // Room for more; the caller fills it.
void append(Buffer *buffer, const void *bytes, size_t count);

// Protobuf fields, as they are written. A number of 0 and no bytes are left out, as proto3 does.
void put_varint(Buffer *buffer, uint64_t value);
void put_number(Buffer *buffer, uint32_t field, uint64_t value);
void put_bytes(Buffer *buffer, uint32_t field, const void *bytes, size_t count);
void put_text(Buffer *buffer, uint32_t field, const char *text);
void put_message(Buffer *buffer, uint32_t field, const Buffer *message);  // Even an empty one.

// One field, as it is read: a varint's value, or the bytes of a text or message.
typedef struct {
  uint32_t number;
  uint64_t value;
  const uint8_t *bytes;
} Field;

// False at the end, and where the bytes are no protobuf.
bool next_field(const uint8_t **at, const uint8_t *end, Field *field);

// A frame's first sixteen bytes, laid out as on the wire: of a little-endian machine.
typedef struct {
  uint32_t length;
  uint8_t kind, flags;
  uint16_t head_length;
  uint64_t call;
} Header;

void put_frame(Buffer *buffer, int kind, int flags, uint64_t call, const Buffer *head, const Buffer *body);

// Anything that epoll watches.
typedef struct Source {
  int fd;
  void (*ready)(struct Source *source);
} Source;

// A connection. What `frame` appends to `out` is written once all frames of a read are dealt with.
typedef struct Peer {
  Source source;
  void (*frame)(struct Peer *peer, const Header *header, const uint8_t *payload);
  void (*closed)(struct Peer *peer);
  Buffer rest;  // of a frame that has not come whole
  Buffer out;
  size_t sent;  // of out
  bool waits;   // for room in the socket
} Peer;

void watch(Source *source);
void open_peer(Peer *peer, int fd);
void close_peer(Peer *peer);
void flush(Peer *peer);
void poll_sources(double milliseconds);  // Deals with what is ready.
extern uint64_t woken;                // The time at which poll_sources last began to.

uint64_t now_ns(void);
_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));
