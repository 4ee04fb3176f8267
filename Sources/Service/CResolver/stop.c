#include "CResolver.h"

#include <sys/eventfd.h>

int cr_stop_open(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

void cr_stop_set(int stop_descriptor) { eventfd_write(stop_descriptor, 1); }
