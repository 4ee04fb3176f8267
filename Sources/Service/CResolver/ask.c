#define _GNU_SOURCE
#include "resolver.h"

#include <poll.h>
#include <stdbool.h>
#include <time.h>

/// The class of names of the Internet.
enum { CLASS_IN = 1 };

/// Each server has a socket of either kind, and one may be ending.
enum { SOCKETS_MAX = 2 * CR_SERVERS_MAX + 2 };

struct asking;

/// Where one question on its way is noted.
struct slot {
  struct asking *asking;
  size_t index;
  bool is_used;
};

struct asking {
  cr_resolver *resolver;
  cr_answered answered;
  void *context;
  size_t outstanding;
  /// Why the rest is given up, or NULL.
  const char *stop_reason;
  struct slot slots[CR_OUTSTANDING_MAX];
};

static int64_t now_milliseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static const char *reason_of(int status) {
  switch (status) {
    // c-ares says the same of a server that cannot be reached and of one that answers SERVFAIL,
    // NOTIMP or REFUSED, once it has tried them all.
    case ARES_ECONNREFUSED: return "no DNS server can be reached, or none can tell";
    case ARES_ETIMEOUT: return "no DNS server answers in time";
    default: return ares_strerror(status);
  }
}

static void received(void *argument, int status, int timeouts, unsigned char *message, int length) {
  (void)timeouts;
  struct slot *slot = argument;
  struct asking *asking = slot->asking;
  size_t index = slot->index;
  slot->is_used = false;
  asking->outstanding--;
  cr_outcome outcome = CR_UNAVAILABLE;
  const char *reason = NULL;
  if (status == ARES_SUCCESS && message != NULL && length > 0) {
    asking->answered(asking->context, index, CR_ANSWERED, NULL, message, (size_t)length);
    return;
  }
  if (status == ARES_ENODATA) {
    outcome = CR_NO_DATA;
  } else if (status == ARES_ENOTFOUND) {
    outcome = CR_NO_SUCH_NAME;
  } else {
    reason = asking->stop_reason != NULL ? asking->stop_reason : reason_of(status);
  }
  asking->answered(asking->context, index, outcome, reason, NULL, 0);
}

static struct slot *free_slot(struct asking *asking) {
  for (int i = 0; i < CR_OUTSTANDING_MAX; i++) {
    if (!asking->slots[i].is_used) return &asking->slots[i];
  }
  return NULL;
}

/// Waits for one event and lets c-ares see to it. False when it is time to stop.
static bool step(struct asking *asking, int64_t end, int stop_descriptor) {
  ares_channel channel = asking->resolver->channel;
  int64_t left = end - now_milliseconds();
  if (left <= 0) {
    asking->stop_reason = "there was no time for an answer";
    return false;
  }
  struct timeval limit = {.tv_sec = left / 1000, .tv_usec = (left % 1000) * 1000};
  struct timeval *wait = ares_timeout(channel, &limit, &limit);
  ares_socket_t sockets[SOCKETS_MAX];
  int wanted = ares_getsock(channel, sockets, SOCKETS_MAX);
  struct pollfd polled[SOCKETS_MAX + 1] = {{.fd = stop_descriptor, .events = POLLIN}};
  nfds_t count = 1;
  for (int i = 0; i < SOCKETS_MAX; i++) {
    short events = 0;
    if (ARES_GETSOCK_READABLE(wanted, i)) events |= POLLIN;
    if (ARES_GETSOCK_WRITABLE(wanted, i)) events |= POLLOUT;
    if (events != 0) polled[count++] = (struct pollfd){.fd = sockets[i], .events = events};
  }
  // Rounded up, or the last millisecond of a timeout would be spent going round.
  int milliseconds = (int)(wait->tv_sec * 1000 + (wait->tv_usec + 999) / 1000);
  if (poll(polled, count, milliseconds) <= 0) {
    ares_process_fd(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    return true;
  }
  if (polled[0].revents != 0) {
    asking->stop_reason = "stopped";
    return false;
  }
  for (nfds_t i = 1; i < count; i++) {
    bool failed = (polled[i].revents & (POLLERR | POLLHUP | POLLNVAL)) != 0;
    bool reads = (polled[i].events & POLLIN) && (failed || (polled[i].revents & POLLIN));
    bool writes = (polled[i].events & POLLOUT) && (failed || (polled[i].revents & POLLOUT));
    ares_process_fd(channel, reads ? polled[i].fd : ARES_SOCKET_BAD,
                    writes ? polled[i].fd : ARES_SOCKET_BAD);
  }
  return true;
}

void cr_ask(cr_resolver *resolver, const cr_question *questions, size_t count,
            int wait_milliseconds, int stop_descriptor, cr_answered answered, void *context) {
  struct asking asking = {.resolver = resolver, .answered = answered, .context = context};
  int64_t end = now_milliseconds() + wait_milliseconds;
  size_t next = 0;
  while (next < count || asking.outstanding > 0) {
    struct slot *slot = next < count ? free_slot(&asking) : NULL;
    if (slot != NULL) {
      *slot = (struct slot){.asking = &asking, .index = next, .is_used = true};
      asking.outstanding++;
      // May answer at once, where it cannot be asked.
      ares_query(resolver->channel, questions[next].name, CLASS_IN, questions[next].type,
                 received, slot);
      next++;
    } else if (!step(&asking, end, stop_descriptor)) {
      break;
    }
  }
  ares_cancel(resolver->channel);
  for (; next < count; next++) {
    answered(context, next, CR_UNAVAILABLE, asking.stop_reason, NULL, 0);
  }
}
