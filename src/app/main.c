#include <stdio.h>

#include "base/version.h"

int main(void)
{
    printf("madang %s\n", madang_version());
    return 0;
}
