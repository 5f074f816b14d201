/* Threads: how each of ours begins. */
#ifndef MADANG_BASE_THREAD_H
#define MADANG_BASE_THREAD_H

#include <pthread.h>
#include <stdint.h>

/* Starts run(arg) with all signals blocked: they are the business of the control thread. 0 or an errno. */
int thread_start(pthread_t *out, void *(*run)(void *arg), void *arg);

/* CPU time that a thread, which has not been joined, has taken so far. */
uint64_t thread_cpu_us(pthread_t t);

#endif
