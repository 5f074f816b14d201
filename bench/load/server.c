/* What the server has used so far, as /proc tells it. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load.h"

double server_cpu(const struct load *l)
{
    char path[300];
    double sum = 0;
    if (l->pid == 0)
        return 0;
    snprintf(path, sizeof path, "/proc/%d/task", (int)l->pid);
    DIR *d = opendir(path);
    if (d == NULL)
        die("the server is gone");
    const struct dirent *e;
    while ((e = readdir(d)) != NULL) {
        unsigned long long ns;
        if (e->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "/proc/%d/task/%s/schedstat", (int)l->pid, e->d_name);
        FILE *f = fopen(path, "r");
        if (f == NULL)
            continue;
        if (fscanf(f, "%llu", &ns) == 1)
            sum += (double)ns / 1e3;
        fclose(f);
    }
    closedir(d);
    return sum;
}

double server_rss_kb(const struct load *l)
{
    char path[64], line[256];
    double kb = 0;
    snprintf(path, sizeof path, "/proc/%d/status", (int)l->pid);
    FILE *f = l->pid != 0 ? fopen(path, "r") : NULL;
    if (f == NULL)
        return 0;
    while (fgets(line, sizeof line, f) != NULL) {
        if (strncmp(line, "VmRSS:", 6) == 0)
            kb = strtod(line + 6, NULL);
    }
    fclose(f);
    return kb;
}
