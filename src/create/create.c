#include "create/create.h"
