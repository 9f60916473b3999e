/* klinglipsync: the log of the service half
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <stdarg.h>
#include <glib.h>

G_BEGIN_DECLS

/**
 * KlingLogLevel:
 * @KLING_LOG_WARNING: a person should look at it
 * @KLING_LOG_INFO: the story of a job, about ten lines
 * @KLING_LOG_DEBUG: each call and each decision
 *
 * Nothing secret is logged at any level: no key, no header, no query of a URL,
 * no body.
 */
typedef enum
{
  KLING_LOG_WARNING,
  KLING_LOG_INFO,
  KLING_LOG_DEBUG,
} KlingLogLevel;

typedef void (*KlingLogFunc) (KlingLogLevel level, const gchar * file,
    const gchar * function, gint line, const gchar * format, va_list args);

void kling_log_attach (KlingLogFunc func);
void kling_log_detach (void);

void kling_log (KlingLogLevel level, const gchar * file,
    const gchar * function, gint line, const gchar * format, ...)
    G_GNUC_PRINTF (5, 6);

#define KLING_WARNING(...) \
  kling_log (KLING_LOG_WARNING, __FILE__, G_STRFUNC, __LINE__, __VA_ARGS__)
#define KLING_INFO(...) \
  kling_log (KLING_LOG_INFO, __FILE__, G_STRFUNC, __LINE__, __VA_ARGS__)
#define KLING_DEBUG(...) \
  kling_log (KLING_LOG_DEBUG, __FILE__, G_STRFUNC, __LINE__, __VA_ARGS__)

G_END_DECLS
