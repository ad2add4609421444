// One step of training with the messages that 'RankModel lists' prints, for SimGrid's SMPI: it simulates the network by
// flows that share links, where RankModel counts messages one after the other. Computing is slept through.
//   smpicc -O2 smpi.c -o smpi && smpirun … ./smpi LISTS OVERLAP
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct {
  int sender, receiver, bytes, piece;
} message;

typedef struct {
  message *items;
  int count, room;
} list;

// SMPI runs all ranks in one process, each with its own globals: read once a rank, but only what concerns it.
static void add(list *list, message item) {
  if (list->count == list->room) {
    list->room = list->room ? 2 * list->room : 64;
    list->items = realloc(list->items, (size_t)list->room * sizeof(message));
  }
  list->items[list->count++] = item;
}

static void pause_for(double seconds) { usleep((useconds_t)(seconds * 1e6 + 0.5)); }

int main(int count, char **words) {
  MPI_Init(&count, &words);
  int rank, ranks;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  FILE *file = fopen(words[1], "r");
  if (!file) return 1;
  int overlaps = atoi(words[2]);
  double gradient, reduce, copies, adding;
  int listed, pieces, partials;
  if (fscanf(file, "costs %lf %lf %lf %lf counts %d %d %d", &gradient, &reduce, &copies, &adding, &listed, &pieces,
             &partials) != 7 || listed != ranks) return 1;
  int *owners = calloc((size_t)pieces, sizeof(int)), *sizes = calloc((size_t)pieces, sizeof(int));
  double total = 0;
  for (int piece = 0; piece < pieces; piece++) {
    if (fscanf(file, " piece %d %d", owners + piece, sizes + piece) != 2) return 1;
    total += sizes[piece];
  }
  list sums = {0}, parameters = {0}, coming_sums = {0}, coming = {0};
  char kind[16];
  message item;
  while (fscanf(file, " %15s %d %d %d %d", kind, &item.sender, &item.receiver, &item.bytes, &item.piece) == 5) {
    int is_sum = kind[0] == 's';
    if (item.sender == rank) add(is_sum ? &sums : &parameters, item);
    if (item.receiver == rank) add(is_sum ? &coming_sums : &coming, item);
  }
  fclose(file);
  // Nobody looks at the bytes: all messages share one buffer.
  char *out = malloc(1 << 24), *into = malloc(1 << 24);
  MPI_Request *requests = calloc((size_t)(sums.count + parameters.count + 1), sizeof(MPI_Request));
  MPI_Request *arriving = calloc((size_t)(coming_sums.count + coming.count + 1), sizeof(MPI_Request));
  int sent = 0;

  MPI_Barrier(MPI_COMM_WORLD);
  double start = MPI_Wtime();
  for (int i = 0; i < coming_sums.count; i++)
    MPI_Irecv(into, coming_sums.items[i].bytes, MPI_BYTE, coming_sums.items[i].sender, coming_sums.items[i].piece,
              MPI_COMM_WORLD, arriving + i);
  for (int i = 0; i < coming.count; i++)
    MPI_Irecv(into, coming.items[i].bytes, MPI_BYTE, coming.items[i].sender, coming.items[i].piece, MPI_COMM_WORLD,
              arriving + coming_sums.count + i);
  pause_for(overlaps ? gradient : gradient + reduce);
  double reduced = 0;
  for (int i = 0; i < sums.count; i++) {
    if (overlaps) {
      pause_for(reduce * sums.items[i].bytes / total);
      reduced += reduce * sums.items[i].bytes / total;
    }
    MPI_Isend(out, sums.items[i].bytes, MPI_BYTE, sums.items[i].receiver, sums.items[i].piece, MPI_COMM_WORLD,
              requests + sent++);
  }
  // The rest of it is the rank's own pieces.
  if (overlaps) pause_for(reduce - reduced);
  for (int piece = 0; piece < pieces; piece++) {
    if (owners[piece] != rank) continue;
    for (int i = 0; i < coming_sums.count; i++)
      if (coming_sums.items[i].piece == piece) MPI_Wait(arriving + i, MPI_STATUS_IGNORE);
    pause_for((double)(partials - 1) * sizes[piece] / adding);
    for (int i = 0; i < parameters.count; i++)
      if (parameters.items[i].piece == piece)
        MPI_Isend(out, parameters.items[i].bytes, MPI_BYTE, parameters.items[i].receiver, piece, MPI_COMM_WORLD,
                  requests + sent++);
  }
  MPI_Waitall(coming.count, arriving + coming_sums.count, MPI_STATUSES_IGNORE);
  double end = MPI_Wtime() - start, last = 0;
  MPI_Waitall(sent, requests, MPI_STATUSES_IGNORE);
  MPI_Reduce(&end, &last, 1, MPI_DOUBLE, MPI_MAX, 0, MPI_COMM_WORLD);
  if (rank == 0) printf("%.3f ms\n", (last + copies) * 1e3);
  MPI_Finalize();
  return 0;
}
