#include "insn/insn.h"
