/* people_load DIR: measures the directory, on a database in DIR, and presence.
 * people_load seed FILE N: makes a database with N people who are signed in, for a server and bench/load --stay. */
#include "people.h"

#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "seed") == 0) {
        make_seed(argv[2], strtoul(argv[3], NULL, 10));
        return 0;
    }
    if (argc != 2)
        die("people_load DIR | seed FILE N");
    measure_presence(); /* first: it also measures memory */
    measure_directory(argv[1]);
    return 0;
}
