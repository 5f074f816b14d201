/* people_load DIR: measures the directory, on a database in DIR, and presence. */
#include "people.h"

int main(int argc, char **argv)
{
    if (argc != 2)
        die("people_load DIR");
    measure_presence(); /* first: it also measures memory */
    measure_directory(argv[1]);
    return 0;
}
