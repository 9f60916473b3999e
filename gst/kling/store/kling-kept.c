#include "kling-kept.h"
KlingSpool *kling_kept_open (KlingStore * store, const gchar * sha256, GError ** error) { return NULL; }
gchar *kling_kept_dup_path (KlingStore * store, const gchar * sha256) { return NULL; }
