using System.Globalization;

namespace OrleansOrchestrator.Api.Audit;

/// <summary>
/// A file that is put aside when it is full, named with the time (<c>audit-2026-01-02T03-04-05.678.log</c>), as
/// upstream does; what is too old, or too much, is deleted then. Nobody but its owner can read any of them.
/// </summary>
internal sealed class RotatedFile(AuditFileOptions options, TimeProvider time) : IDisposable
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const string Stamp = "yyyy-MM-dd'T'HH-mm-ss.fff";

    private readonly long _maxBytes = options.MaxMegabytes * 1024L * 1024;
    private readonly string _path = Path.GetFullPath(options.Path);
    private FileStream? _file;

    /// <summary>Writes whole lines.</summary>
    public async ValueTask WriteAsync(ReadOnlyMemory<byte> lines, CancellationToken cancellationToken)
    {
        _file ??= Open();
        if (_file.Length > 0 && _file.Length + lines.Length > _maxBytes)
        {
            Rotate();
        }

        await _file.WriteAsync(lines, cancellationToken);
        await _file.FlushAsync(cancellationToken);
    }

    public void Dispose() => _file?.Dispose();

    private FileStream Open()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_path)!);
        return new FileStream(_path, new FileStreamOptions
        {
            Mode = FileMode.Append, Access = FileAccess.Write, Share = FileShare.Read, UnixCreateMode = Private,
        });
    }

    private void Rotate()
    {
        _file!.Dispose();
        _file = null;
        var now = time.GetUtcNow();
        var backup = BackupAt(now);
        for (var later = now; File.Exists(backup); backup = BackupAt(later))
        {
            later = later.AddMilliseconds(1);
        }

        File.Move(_path, backup);
        _file = Open();
        Prune(now);
    }

    private string BackupAt(DateTimeOffset at) => Path.Combine(
        Path.GetDirectoryName(_path)!,
        Prefix + at.UtcDateTime.ToString(Stamp, CultureInfo.InvariantCulture) + Path.GetExtension(_path));

    private string Prefix => Path.GetFileNameWithoutExtension(_path) + "-";

    private void Prune(DateTimeOffset now)
    {
        var backups = new List<(string Path, DateTimeOffset At)>();
        var pattern = $"{Prefix}*{Path.GetExtension(_path)}";
        foreach (var path in Directory.EnumerateFiles(Path.GetDirectoryName(_path)!, pattern))
        {
            var stamp = Path.GetFileNameWithoutExtension(path)[Prefix.Length..];
            if (DateTimeOffset.TryParseExact(
                stamp, Stamp, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at))
            {
                backups.Add((path, at));
            }
        }

        backups.Sort(static (a, b) => b.At.CompareTo(a.At));
        for (var i = 0; i < backups.Count; i++)
        {
            if ((options.MaxBackups > 0 && i >= options.MaxBackups)
                || (options.MaxAgeDays > 0 && backups[i].At < now.AddDays(-options.MaxAgeDays)))
            {
                File.Delete(backups[i].Path);
            }
        }
    }
}
