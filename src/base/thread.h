/* Threads: how each of ours begins. */
#ifndef MADANG_BASE_THREAD_H
#define MADANG_BASE_THREAD_H

#include <pthread.h>

/* Starts run(arg) with all signals blocked: they are the business of the control thread. 0 or an errno. */
int thread_start(pthread_t *out, void *(*run)(void *arg), void *arg);

#endif
