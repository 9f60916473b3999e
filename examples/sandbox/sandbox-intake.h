/* The body of a request that goes to a file while it arrives.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  char *path;
  int fd;                       /* -1: it could not be written */
  gsize size;
} SandboxIntake;

SandboxIntake *sandbox_intake_new (const char *path);
void sandbox_intake_free (SandboxIntake *intake);
void sandbox_intake_add (SandboxIntake *intake, GBytes *chunk);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SandboxIntake, sandbox_intake_free)

G_END_DECLS
