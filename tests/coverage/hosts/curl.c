// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libcurl: "get URL" transfers it; "cookie LINE" says how many cookies a header line makes;
 * "date TEXT" reads a date.
 */
#include "host.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

static size_t count(char *text, size_t size, size_t number, void *total)
{
	(void)text;
	*(size_t *)total += size * number;
	return size * number;
}

static void get(const char *url, FILE *out)
{
	CURL *curl = curl_easy_init();
	size_t total = 0;
	CURLcode code;

	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, count);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, &total);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, 5L);
	code = curl_easy_perform(curl);
	fprintf(out, "%zu bytes, code %d", total, code);
	curl_easy_cleanup(curl);
}

static void cookie(const char *line, FILE *out)
{
	struct curl_slist *cookies = NULL;
	CURL *curl = curl_easy_init();
	int number = 0;

	curl_easy_setopt(curl, CURLOPT_COOKIEFILE, "");
	curl_easy_setopt(curl, CURLOPT_COOKIELIST, line);
	curl_easy_getinfo(curl, CURLINFO_COOKIELIST, &cookies);
	for (struct curl_slist *each = cookies; each; each = each->next)
		number++;
	fprintf(out, "%d cookies", number);
	curl_slist_free_all(cookies);
	curl_easy_cleanup(curl);
}

void answer(const char *question, FILE *out)
{
	if (strncmp(question, "get ", 4) == 0)
		get(question + 4, out);
	else if (strncmp(question, "cookie ", 7) == 0)
		cookie(question + 7, out);
	else if (strncmp(question, "date ", 5) == 0)
		fprintf(out, "%lld", (long long)curl_getdate(question + 5, NULL));
}
