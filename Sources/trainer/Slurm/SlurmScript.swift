import Foundations

/// A batch script for Slurm that trains a config to its end, in as many jobs as that takes.
struct SlurmScript {
  /// The flavours of the interface between `srun` and MPI.
  enum Interface: String, CaseIterable {
    case pmi2, pmix
  }

  /// The config's name.
  let name: String
  /// Where relative paths of the settings begin.
  let directory: String
  /// The command that trains, without what the script adds to it: the program, `run`, the config, its settings.
  let command: [String]
  /// Where the run's checkpoints come to lie.
  let checkpoints: String
  let nodes: Int
  let tasksPerNode: Int
  /// The cores of a task; `nil` for nodes that no other job shares.
  let coresPerTask: Int?
  let time: BatchTime
  /// How long before the job's end the run ends by itself.
  let margin: BatchTime
  let partition: String?
  let account: String?
  let interface: Interface?

  /// How long before the job's end Slurm sends the signal; it may come a minute earlier.
  private var signalSeconds: Int { max(10, margin.seconds / 2) }

  /// The name as Slurm and a shell take it without quotes.
  private var jobName: String {
    String(
      name.unicodeScalars.map {
        $0.isASCII
          && ($0.properties.isAlphabetic || $0.properties.numericType != nil || "._-".unicodeScalars.contains($0))
          ? Character($0) : "_"
      })
  }

  /// The script.
  var text: String {
    let ranks = nodes * tasksPerNode
    let place =
      ranks == 1 ? "one process" : "\(ranks) ranks on \(nodes) \(nodes == 1 ? "node" : "nodes")"
    return """
      #!/bin/bash
      # Trains \(name.onOneLine) with \(place), in as many jobs of \(time.text) as it takes. Submit it once, with sbatch.
      \(directives.map { "#\n# \($0.why)\n" + $0.lines.map { "#SBATCH \($0)\n" }.joined() }.joined())
      # If the trainer needs modules, such as the MPI that it is to use, load them here: module load openmpi

      # The newest checkpoint of the run.
      newest() { ls \(checkpoints.shellWord) 2>/dev/null | grep '^step-' | tail -n 1; }
      before=$(newest)

      # The run saves and ends by itself \(margin.text) before the job does: what Slurm ends may have nothing saved for long.
      # If one rank ends, the others have a minute to do so too: a rank that hangs would keep the nodes until the job's end.
      srun \((taskOptions + command.map(\.shellWord) + runOptions).joined(separator: " "))
      code=$?

      case $code in
      0) exit 0 ;;
      # Interrupted after a checkpoint was saved, or a rank was lost or killed: worth going on from the newest checkpoint.
      75 | 137) ;;
      # The config, the data, the result: another job would end the same way.
      *) exit $code ;;
      esac

      # Without a new checkpoint the next job would do as little: a broken node, or a time that is too short.
      if [ "$(newest)" = "$before" ]; then
        echo "the job has saved no new checkpoint, so it is not queued again" >&2
        exit $code
      fi

      # The same job, script and log once more; trainer run goes on from the checkpoint.
      if ! scontrol requeue "$SLURM_JOB_ID"; then
        echo "this cluster queues no job again; submit the script once more, and the run goes on" >&2
        exit $code
      fi

      """
  }

  private var directives: [(why: String, lines: [String])] {
    var directives: [(why: String, lines: [String])] = [
      (
        "What it is called, and one log for all jobs of the run.",
        ["--job-name=\(jobName)", "--output=\(jobName)-%j.log", "--open-mode=append"]
      )
    ]
    let queue = [partition.map { "--partition=\($0)" }, account.map { "--account=\($0)" }].compactMap(\.self)
    if !queue.isEmpty { directives.append(("Where it waits, and who pays.", queue)) }
    directives.append(("A task is a rank.", ["--nodes=\(nodes)", "--ntasks-per-node=\(tasksPerNode)"]))
    if let coresPerTask {
      directives.append(("The cores of a rank, one for each of its workers.", ["--cpus-per-task=\(coresPerTask)"]))
    } else {
      directives.append(
        (
          "Whole nodes with all their cores and memory, which the ranks of a node share out.",
          ["--exclusive", "--mem=0"]
        ))
    }
    directives.append(("Where the log lies, and relative paths of settings begin.", ["--chdir=\(directory.shellWord)"]))
    directives.append(("When Slurm ends it.", ["--time=\(time.slurmText)"]))
    // It would end a program that has only just begun.
    if time.seconds - signalSeconds >= 180 {
      directives.append(
        (
          "SIGUSR1 to the ranks before that, upon which they save: for a run that does not come to its own end in time.",
          ["--signal=USR1@\(signalSeconds)"]
        ))
    }
    directives.append(("Slurm itself starts it again if a node fails.", ["--requeue"]))
    return directives
  }

  private var taskOptions: [String] {
    var options = [interface.map { "--mpi=\($0.rawValue)" }, "--wait=60"].compactMap(\.self)
    // Since 22.05 srun does not take it from the job.
    options.append(coresPerTask.map { "--cpus-per-task=\($0)" } ?? "--cpu-bind=none")
    return options
  }

  private var runOptions: [String] {
    var options = ["--stop-after", BatchTime(seconds: time.seconds - margin.seconds).text]
    if let coresPerTask { options += ["--workers", String(coresPerTask)] }
    return options
  }
}
