/* klinglipsync tests: in place of espeak-ng
 *
 * Reads what it shall say to the end and writes a tenth of a second of a tone, as
 * a WAV file of 22050 Hz, to the path after "-w". When the text begins with
 * "for ever" it never ends by itself; with SPEECH_STUB_PID that file then gets
 * its process id.
 *
 * Small on purpose: a test runs it thousands of times.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SAMPLES 2205
#define HEADER 44

static void
put (unsigned char *at, uint32_t value, int bytes)
{
  for (int i = 0; i < bytes; i++)
    at[i] = value >> (8 * i);
}

static int
write_tone (const char *path)
{
  unsigned char file[HEADER + SAMPLES * 2] = "RIFF....WAVEfmt ";
  FILE *out = fopen (path, "wb");

  put (file + 4, sizeof file - 8, 4);
  put (file + 16, 16, 4);
  put (file + 20, 1, 2);
  put (file + 22, 1, 2);
  put (file + 24, 22050, 4);
  put (file + 28, 44100, 4);
  put (file + 32, 2, 2);
  put (file + 34, 16, 2);
  memcpy (file + 36, "data", 4);
  put (file + 40, SAMPLES * 2, 4);
  for (int i = 0; i < SAMPLES; i++)
    put (file + HEADER + i * 2, i / 25 % 2 ? 9000 : -9000, 2);
  if (out == NULL || fwrite (file, sizeof file, 1, out) != 1)
    return EXIT_FAILURE;
  return fclose (out) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* Renamed into place, so that who waits for it reads a whole number. */
static void
tell_pid (const char *path)
{
  char part[4096];
  FILE *out;

  snprintf (part, sizeof part, "%s.part", path);
  out = fopen (part, "w");
  if (out == NULL)
    return;
  fprintf (out, "%d", (int) getpid ());
  fclose (out);
  rename (part, path);
}

int
main (int argc, char **argv)
{
  const char *pid_file = getenv ("SPEECH_STUB_PID"), *path = NULL;
  char text[64] = "", more[256];

  for (int i = 1; i + 1 < argc; i++)
    if (strcmp (argv[i], "-w") == 0)
      path = argv[i + 1];
  if (fgets (text, sizeof text, stdin))
    while (fgets (more, sizeof more, stdin));
  if (strncmp (text, "for ever", 8) == 0) {
    if (pid_file)
      tell_pid (pid_file);
    for (;;)
      pause ();
  }
  return path ? write_tone (path) : EXIT_FAILURE;
}
