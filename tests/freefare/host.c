/*
 * A DESFire host that we did not write: libfreefare, driven line by line.
 *
 * Reads one command a line from standard input, answers one line for each: "ok" and what was asked for in hex, or
 * "error" and the card's status. Keys come in on standard input, so they show in no process list.
 */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <freefare.h>
#include <nfc/nfc.h>

#define MAX_DATA 4096

static MifareTag tag;

static size_t
unhex(const char *text, uint8_t *out, size_t max)
{
    size_t n = 0;
    unsigned byte;
    while (n < max && sscanf(text + 2 * n, "%2x", &byte) == 1)
	out[n++] = (uint8_t) byte;
    return n;
}

static void
hex(const uint8_t *data, size_t n)
{
    for (size_t i = 0; i < n; i++)
	printf("%02X", data[i]);
}

/* The caller frees it. */
static MifareDESFireKey
key_of(const char *kind, const char *text, uint8_t version)
{
    uint8_t value[24] = { 0 };
    unhex(text, value, sizeof(value));
    if (strcmp(kind, "des") == 0)
	return mifare_desfire_des_key_new_with_version(value);
    if (strcmp(kind, "3des") == 0)
	return mifare_desfire_3des_key_new_with_version(value);
    if (strcmp(kind, "3k3des") == 0)
	return mifare_desfire_3k3des_key_new_with_version(value);
    return mifare_desfire_aes_key_new_with_version(value, version);
}

/* 1: answered already. Otherwise what libfreefare returned: below zero is an error. */
static int
run(char **word, int words)
{
    uint8_t data[MAX_DATA];
    const char *verb = word[0];
#define TEXT(i) ((i) < words ? word[i] : "0")
#define NUMBER(i) ((unsigned) strtoul(TEXT(i), NULL, 0))
#define SIGNED(i) ((int32_t) strtol(TEXT(i), NULL, 0))
    if (strcmp(verb, "select") == 0) {
	MifareDESFireAID aid = mifare_desfire_aid_new(NUMBER(1));
	int done = mifare_desfire_select_application(tag, aid);
	free(aid);
	return done;
    }
    if (strcmp(verb, "auth") == 0 || strcmp(verb, "auth-iso") == 0) {
	MifareDESFireKey key = key_of(TEXT(1), TEXT(3), 0);
	int done;
	if (strcmp(TEXT(1), "aes") == 0)
	    done = mifare_desfire_authenticate_aes(tag, NUMBER(2), key);
	else if (strcmp(verb, "auth-iso") == 0)
	    done = mifare_desfire_authenticate_iso(tag, NUMBER(2), key);
	else
	    done = mifare_desfire_authenticate(tag, NUMBER(2), key);
	mifare_desfire_key_free(key);
	return done;
    }
    if (strcmp(verb, "change-key") == 0) {
	MifareDESFireKey new = key_of(TEXT(2), TEXT(3), NUMBER(4));
	MifareDESFireKey old = words > 6 ? key_of(TEXT(5), TEXT(6), 0) : NULL;
	int done = mifare_desfire_change_key(tag, NUMBER(1), new, old);
	mifare_desfire_key_free(new);
	if (old)
	    mifare_desfire_key_free(old);
	return done;
    }
    if (strcmp(verb, "default-key") == 0) {
	MifareDESFireKey key = key_of(TEXT(1), TEXT(2), NUMBER(3));
	int done = mifare_desfire_set_default_key(tag, key);
	mifare_desfire_key_free(key);
	return done;
    }
    if (strcmp(verb, "create-app") == 0) {
	MifareDESFireAID aid = mifare_desfire_aid_new(NUMBER(1));
	int done;
	if (strcmp(TEXT(4), "aes") == 0)
	    done = mifare_desfire_create_application_aes(tag, aid, NUMBER(2), NUMBER(3));
	else if (strcmp(TEXT(4), "3k3des") == 0)
	    done = mifare_desfire_create_application_3k3des(tag, aid, NUMBER(2), NUMBER(3));
	else
	    done = mifare_desfire_create_application(tag, aid, NUMBER(2), NUMBER(3));
	free(aid);
	return done;
    }
    if (strcmp(verb, "create-app-iso") == 0) {
	MifareDESFireAID aid = mifare_desfire_aid_new(NUMBER(1));
	size_t n = unhex(TEXT(6), data, 16);
	int done;
	if (strcmp(TEXT(4), "aes") == 0)
	    done = mifare_desfire_create_application_aes_iso(tag, aid, NUMBER(2), NUMBER(3), 1, NUMBER(5), data, n);
	else if (strcmp(TEXT(4), "3k3des") == 0)
	    done = mifare_desfire_create_application_3k3des_iso(tag, aid, NUMBER(2), NUMBER(3), 1, NUMBER(5), data, n);
	else
	    done = mifare_desfire_create_application_iso(tag, aid, NUMBER(2), NUMBER(3), 1, NUMBER(5), data, n);
	free(aid);
	return done;
    }
    if (strcmp(verb, "df-names") == 0) {
	MifareDESFireDF *names;
	size_t count;
	int done = mifare_desfire_get_df_names(tag, &names, &count);
	if (done < 0)
	    return done;
	printf("ok ");
	for (size_t i = 0; i < count; i++) {
	    printf("%06X%04X", names[i].aid, names[i].fid);
	    hex(names[i].df_name, names[i].df_name_len);
	}
	printf("\n");
	free(names);
	return 1;
    }
    if (strcmp(verb, "delete-app") == 0) {
	MifareDESFireAID aid = mifare_desfire_aid_new(NUMBER(1));
	int done = mifare_desfire_delete_application(tag, aid);
	free(aid);
	return done;
    }
    if (strcmp(verb, "apps") == 0) {
	MifareDESFireAID *aids;
	size_t count;
	int done = mifare_desfire_get_application_ids(tag, &aids, &count);
	if (done < 0)
	    return done;
	printf("ok ");
	for (size_t i = 0; i < count; i++)
	    printf("%06X", mifare_desfire_aid_get_aid(aids[i]));
	printf("\n");
	mifare_desfire_free_application_ids(aids);
	return 1;
    }
    if (strcmp(verb, "format") == 0)
	return mifare_desfire_format_picc(tag);
    if (strcmp(verb, "configure") == 0)
	return mifare_desfire_set_configuration(tag, NUMBER(1), NUMBER(2));
    if (strcmp(verb, "ats") == 0) {
	unhex(TEXT(1), data, 20);
	return mifare_desfire_set_ats(tag, data);
    }
    if (strcmp(verb, "create-std") == 0)
	return mifare_desfire_create_std_data_file(tag, NUMBER(1), NUMBER(2), NUMBER(3), NUMBER(4));
    if (strcmp(verb, "create-backup") == 0)
	return mifare_desfire_create_backup_data_file(tag, NUMBER(1), NUMBER(2), NUMBER(3), NUMBER(4));
    if (strcmp(verb, "create-std-iso") == 0)
	return mifare_desfire_create_std_data_file_iso(tag, NUMBER(1), NUMBER(2), NUMBER(3), NUMBER(4), NUMBER(5));
    if (strcmp(verb, "create-value") == 0)
	return mifare_desfire_create_value_file(tag, NUMBER(1), NUMBER(2), NUMBER(3), SIGNED(4), SIGNED(5), SIGNED(6),
						NUMBER(7));
    if (strcmp(verb, "create-linear") == 0)
	return mifare_desfire_create_linear_record_file(tag, NUMBER(1), NUMBER(2), NUMBER(3), NUMBER(4), NUMBER(5));
    if (strcmp(verb, "create-cyclic") == 0)
	return mifare_desfire_create_cyclic_record_file(tag, NUMBER(1), NUMBER(2), NUMBER(3), NUMBER(4), NUMBER(5));
    if (strcmp(verb, "credit") == 0)
	return mifare_desfire_credit(tag, NUMBER(1), SIGNED(2));
    if (strcmp(verb, "debit") == 0)
	return mifare_desfire_debit(tag, NUMBER(1), SIGNED(2));
    if (strcmp(verb, "limited-credit") == 0)
	return mifare_desfire_limited_credit(tag, NUMBER(1), SIGNED(2));
    if (strcmp(verb, "value") == 0) {
	int32_t value;
	int done = mifare_desfire_get_value(tag, NUMBER(1), &value);
	if (done < 0)
	    return done;
	printf("ok %d\n", (int) value);
	return 1;
    }
    if (strcmp(verb, "write-record") == 0) {
	size_t n = unhex(TEXT(3), data, sizeof(data));
	ssize_t done = mifare_desfire_write_record(tag, NUMBER(1), NUMBER(2), n, data);
	return done < 0 ? -1 : 0;
    }
    if (strcmp(verb, "read-records") == 0) {
	ssize_t n = mifare_desfire_read_records(tag, NUMBER(1), NUMBER(2), NUMBER(3), data);
	if (n < 0)
	    return -1;
	printf("ok ");
	hex(data, (size_t) n);
	printf("\n");
	return 1;
    }
    if (strcmp(verb, "clear-records") == 0)
	return mifare_desfire_clear_record_file(tag, NUMBER(1));
    if (strcmp(verb, "iso-files") == 0) {
	uint16_t *files;
	size_t count;
	int done = mifare_desfire_get_iso_file_ids(tag, &files, &count);
	if (done < 0)
	    return done;
	printf("ok ");
	for (size_t i = 0; i < count; i++)
	    printf("%04X", files[i]);
	printf("\n");
	free(files);
	return 1;
    }
    if (strcmp(verb, "delete-file") == 0)
	return mifare_desfire_delete_file(tag, NUMBER(1));
    if (strcmp(verb, "change-file") == 0)
	return mifare_desfire_change_file_settings(tag, NUMBER(1), NUMBER(2), NUMBER(3));
    if (strcmp(verb, "change-settings") == 0)
	return mifare_desfire_change_key_settings(tag, NUMBER(1));
    if (strcmp(verb, "commit") == 0)
	return mifare_desfire_commit_transaction(tag);
    if (strcmp(verb, "abort") == 0)
	return mifare_desfire_abort_transaction(tag);
    if (strcmp(verb, "write") == 0) {
	size_t n = unhex(TEXT(3), data, sizeof(data));
	ssize_t done = mifare_desfire_write_data(tag, NUMBER(1), NUMBER(2), n, data);
	return done < 0 ? -1 : 0;
    }
    if (strcmp(verb, "read") == 0) {
	/* Read with the communication mode given: 0 plain, 1 MAC, 3 full; without one, as the file's settings say. */
	ssize_t n = words > 4
	    ? mifare_desfire_read_data_ex(tag, NUMBER(1), NUMBER(2), NUMBER(3), data, NUMBER(4))
	    : mifare_desfire_read_data(tag, NUMBER(1), NUMBER(2), NUMBER(3), data);
	if (n < 0)
	    return -1;
	printf("ok ");
	hex(data, (size_t) n);
	printf("\n");
	return 1;
    }
    if (strcmp(verb, "files") == 0) {
	uint8_t *files;
	size_t count;
	int done = mifare_desfire_get_file_ids(tag, &files, &count);
	if (done < 0)
	    return done;
	printf("ok ");
	hex(files, count);
	printf("\n");
	free(files);
	return 1;
    }
    if (strcmp(verb, "file-settings") == 0) {
	struct mifare_desfire_file_settings settings;
	int done = mifare_desfire_get_file_settings(tag, NUMBER(1), &settings);
	if (done < 0)
	    return done;
	printf("ok %02X%02X%04X", settings.file_type, settings.communication_settings, settings.access_rights);
	if (settings.file_type == MDFT_VALUE_FILE_WITH_BACKUP)
	    printf(" %d %d %d %u\n", (int) settings.settings.value_file.lower_limit,
		   (int) settings.settings.value_file.upper_limit,
		   (int) settings.settings.value_file.limited_credit_value,
		   settings.settings.value_file.limited_credit_enabled);
	else if (settings.file_type >= MDFT_LINEAR_RECORD_FILE_WITH_BACKUP)
	    printf(" %u %u %u\n", (unsigned) settings.settings.linear_record_file.record_size,
		   (unsigned) settings.settings.linear_record_file.max_number_of_records,
		   (unsigned) settings.settings.linear_record_file.current_number_of_records);
	else
	    printf("%06X\n", (unsigned) settings.settings.standard_file.file_size);
	return 1;
    }
    if (strcmp(verb, "key-version") == 0) {
	int done = mifare_desfire_get_key_version(tag, NUMBER(1), data);
	if (done < 0)
	    return done;
	printf("ok %02X\n", data[0]);
	return 1;
    }
    if (strcmp(verb, "settings") == 0) {
	int done = mifare_desfire_get_key_settings(tag, data, data + 1);
	if (done < 0)
	    return done;
	printf("ok %02X%02X\n", data[0], data[1]);
	return 1;
    }
    if (strcmp(verb, "free-mem") == 0) {
	uint32_t size;
	int done = mifare_desfire_free_mem(tag, &size);
	if (done < 0)
	    return done;
	printf("ok %06X\n", size);
	return 1;
    }
    if (strcmp(verb, "uid") == 0) {
	char *uid;
	int done = mifare_desfire_get_card_uid(tag, &uid);
	if (done < 0)
	    return done;
	printf("ok %s\n", uid);
	free(uid);
	return 1;
    }
    if (strcmp(verb, "version") == 0) {
	struct mifare_desfire_version_info info;
	int done = mifare_desfire_get_version(tag, &info);
	if (done < 0)
	    return done;
	printf("ok ");
	hex(info.uid, sizeof(info.uid));
	printf("\n");
	return 1;
    }
    printf("unknown %s\n", verb);
    return 1;
}

int
main(void)
{
    nfc_context *context;
    nfc_init(&context);
    nfc_device *device = context ? nfc_open(context, NULL) : NULL;
    if (!device) {
	fprintf(stderr, "no NFC device\n");
	return 2;
    }
    MifareTag *tags = freefare_get_tags(device);
    for (int i = 0; tags && tags[i]; i++)
	if (freefare_get_tag_type(tags[i]) == DESFIRE)
	    tag = tags[i];
    if (!tag || mifare_desfire_connect(tag) < 0) {
	fprintf(stderr, "no DESFire card\n");
	return 3;
    }
    char line[3 * MAX_DATA];
    while (fgets(line, sizeof(line), stdin)) {
	char *word[8];
	int words = 0;
	for (char *w = strtok(line, " \n"); w && words < 8; w = strtok(NULL, " \n"))
	    word[words++] = w;
	if (words == 0)
	    continue;
	int done = run(word, words);
	if (done == 0)
	    printf("ok\n");
	else if (done < 0)
	    printf("error %02X %02X\n", mifare_desfire_last_picc_error(tag), mifare_desfire_last_pcd_error(tag));
    }
    mifare_desfire_disconnect(tag);
    freefare_free_tags(tags);
    nfc_close(device);
    nfc_exit(context);
    return 0;
}
