/* The files that were uploaded, by name.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "sandbox-util.h"

G_BEGIN_DECLS

#define SANDBOX_MAX_UPLOAD (110 * 1024 * 1024)
#define SANDBOX_MAX_UPLOADS 1000

typedef struct {
  char *name;
  char *type;                   /* media type, as the uploader said */
  char *sha256;
  gsize size;
} SandboxFile;

typedef struct _SandboxFiles SandboxFiles;

SandboxFiles *sandbox_files_open (const char *folder);
void sandbox_files_free (SandboxFiles *files);
gboolean sandbox_file_name_is_good (const char *name);
const SandboxFile *sandbox_files_find (SandboxFiles *files, const char *name);
gboolean sandbox_files_have_room (SandboxFiles *files, const char *name);
gboolean sandbox_files_add (SandboxFiles *files, const char *path,
    const char *name, const char *type, GError **error);
gboolean sandbox_files_remove (SandboxFiles *files, const char *name);
GMappedFile *sandbox_files_map (SandboxFiles *files, const char *name);
JsonArray *sandbox_files_list (SandboxFiles *files);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SandboxFiles, sandbox_files_free)

G_END_DECLS
