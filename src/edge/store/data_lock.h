/* Who owns the data folder: a server while it runs, and a restore while it exchanges the database. Tools that only
 * read, or write through SQLite, need no lock. */
#ifndef MADANG_EDGE_STORE_DATA_LOCK_H
#define MADANG_EDGE_STORE_DATA_LOCK_H

#include <stddef.h>

/* Names of files in the data folder. */
#define DATABASE_FILE  "madang.db"
#define DATA_LOCK_FILE "madang.lock"

/* A descriptor that holds the lock until it is closed (or the process ends, however). -1 with a sentence in
 * err: somebody else has it. */
int data_lock(const char *dir, char *err, size_t errlen);
/* -1 is fine. */
void data_unlock(int lock);

#endif
