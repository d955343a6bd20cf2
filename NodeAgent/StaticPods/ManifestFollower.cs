using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.NodeAgent.Cluster;
using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.Metrics;
using OrleansOrchestrator.NodeAgent.PodRecords;

namespace OrleansOrchestrator.NodeAgent.StaticPods;

/// <summary>
/// Follows the node's manifests: a directory of files with a pod each, or one file. Looks when the kernel tells of a
/// change, and checks every twenty seconds. As upstream: a file that cannot be used leaves its pod alone at a look,
/// since it may be half written, and ends it at a check; names that begin with a dot are no manifests.
/// </summary>
public sealed partial class ManifestFollower(
    NodeAgentOptions options, StaticPodSource statics, EventRecorder events, TimeProvider time,
    ILogger<ManifestFollower> logger) : BackgroundService
{
    private static readonly TimeSpan CheckPeriod = TimeSpan.FromSeconds(20);

    private readonly WakeSignal _wake = new();

    private readonly Dictionary<string, string> _problems = new(StringComparer.Ordinal);
    private Dictionary<string, StaticPod> _files = new(StringComparer.Ordinal);
    private FileSystemWatcher? _watcher;
    private volatile bool _mustCheck = true;

    /// <summary>How often a manifest could not be used.</summary>
    public CountMetric Failures { get; } = new(
        "orc_static_pod_failures_total", "Looks at manifests of the node that were of no use.");

    public override void Dispose()
    {
        _watcher?.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (options.StaticPodPath.Length == 0)
        {
            statics.Replace([]);
            return;
        }

        await using var timer = time.CreateTimer(_ => Check(), null, TimeSpan.Zero, CheckPeriod);
        while (true)
        {
            await _wake.WaitAsync(stoppingToken);
            var isCheck = _mustCheck;
            _mustCheck = false;
            Try(Watch);
            Try(() => Look(isCheck));
        }
    }

    private void Check()
    {
        _mustCheck = true;
        Wake();
    }

    private void Wake() => _wake.Set();

    /// <summary>Whatever is wrong with the place itself, what runs goes on, and the next look comes.</summary>
    private void Try(Action action)
    {
        try
        {
            action();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException)
        {
            Note(options.StaticPodPath, failure.Message);
        }
    }

    /// <summary>A directory that was not there is watched from the next look on.</summary>
    private void Watch()
    {
        var directory = Directory.Exists(options.StaticPodPath)
            ? options.StaticPodPath
            : Path.GetDirectoryName(options.StaticPodPath)!;
        if (!Directory.Exists(directory))
        {
            Unwatch();
            return;
        }

        if (_watcher?.Path == directory)
        {
            return;
        }

        Unwatch();
        _watcher = new FileSystemWatcher(directory);
        _watcher.Changed += (_, _) => Wake();
        _watcher.Created += (_, _) => Wake();
        _watcher.Deleted += (_, _) => Wake();
        _watcher.Renamed += (_, _) => Wake();
        _watcher.Error += (_, _) => Wake();
        _watcher.EnableRaisingEvents = true;
    }

    private void Unwatch()
    {
        _watcher?.Dispose();
        _watcher = null;
    }

    private void Look(bool isCheck)
    {
        var found = new Dictionary<string, StaticPod>(StringComparer.Ordinal);
        var paths = Paths().ToList();
        foreach (var path in paths)
        {
            if ((TryRead(path) ?? (isCheck ? null : _files.GetValueOrDefault(path))) is { } pod)
            {
                found[path] = pod;
            }
        }

        foreach (var gone in _problems.Keys.Except(paths.Append(options.StaticPodPath)).ToList())
        {
            _problems.Remove(gone);
        }

        _files = found;
        statics.Replace([.. DuplicateNames.Without(found.Values, ConfigAnnotations.FromFile, events)]);
    }

    private IEnumerable<string> Paths()
    {
        var path = options.StaticPodPath;
        if (!Path.Exists(path))
        {
            Note(path, "path does not exist, ignoring");
            return [];
        }

        _problems.Remove(path);
        return Directory.Exists(path)
            ? Directory.EnumerateFileSystemEntries(path).Where(static p => Path.GetFileName(p)[0] != '.')
                .Order(StringComparer.Ordinal)
            : [path];
    }

    private StaticPod? TryRead(string path)
    {
        try
        {
            var pod = Manifest.Read(ReadFile(path), path, options.NodeName);
            _problems.Remove(path);
            return pod;
        }
        catch (Exception failure) when (failure is ManifestException or IOException or UnauthorizedAccessException)
        {
            Note(path, failure.Message);
            return null;
        }
    }

    private static byte[] ReadFile(string path)
    {
        if (Directory.Exists(path))
        {
            throw new ManifestException("manifest path is a directory, not recursing into manifest path");
        }

        if (Linux.KindOf(path) != FileKind.Regular)
        {
            throw new ManifestException("manifest path is not a directory or file");
        }

        using var file = File.OpenRead(path);
        if (file.Length > Manifest.MaxBytes)
        {
            throw new ManifestException("rsize limit reached"); // upstream's words, its letters too
        }

        var text = new byte[file.Length];
        var length = file.ReadAtLeast(text, text.Length, throwOnEndOfStream: false);
        return text[..length];
    }

    /// <summary>Counts each time, and tells once of each problem.</summary>
    private void Note(string path, string problem)
    {
        Failures.Add();
        if (_problems.GetValueOrDefault(path) != problem)
        {
            _problems[path] = problem;
            LogProblem(path, problem);
        }
    }

    [LoggerMessage(1, LogLevel.Error, "Could not process manifest file {Path}: {Problem}")]
    private partial void LogProblem(string path, string problem);
}
