#include "elf/patchfile.h"
