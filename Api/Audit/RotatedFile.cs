using System.Globalization;
using System.IO.Compression;
using Microsoft.Extensions.Logging;

namespace OrleansOrchestrator.Api.Audit;

/// <summary>
/// A file that is put aside when it is full, named with the time (<c>audit-2026-01-02T03-04-05.678.log</c>), as
/// upstream does; what is too old, or too much, is deleted then, and the rest compressed if that is wanted. Nobody but
/// its owner can read any of them.
/// </summary>
internal sealed partial class RotatedFile(AuditFileOptions options, TimeProvider time, ILogger logger) : IDisposable
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const string Stamp = "yyyy-MM-dd'T'HH-mm-ss.fff";
    private const string Compressed = ".gz";

    private readonly long _maxBytes =
        (options.MaxMegabytes == 0 ? AuditFileOptions.DefaultMegabytes : options.MaxMegabytes) * 1024L * 1024;
    private readonly string _path = Path.GetFullPath(options.Path);
    private readonly CancellationTokenSource _end = new();
    private FileStream? _file;
    private long _length;

    /// <summary>Compresses what was put aside, beside what is written; one at a time.</summary>
    internal Task Compressing { get; private set; } = Task.CompletedTask;

    /// <summary>Writes whole lines; who calls sees to it that nobody else does meanwhile.</summary>
    public void Write(ReadOnlySpan<byte> lines)
    {
        _file ??= Open();
        if (_length > 0 && _length + lines.Length > _maxBytes)
        {
            Rotate();
        }

        _file.Write(lines);
        _length += lines.Length;
    }

    /// <summary>What was not yet compressed is when the next file is put aside.</summary>
    public void Dispose()
    {
        _end.Cancel();
        _file?.Dispose();
    }

    private FileStream Open()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_path)!);
        var file = OpenOwn(_path, FileMode.Append);
        _length = file.Length;
        return file;
    }

    /// <summary>Without a buffer: what is written comes in batches, and must not wait in one.</summary>
    private static FileStream OpenOwn(string path, FileMode mode) => new(path, new FileStreamOptions
    {
        Mode = mode, Access = FileAccess.Write, Share = FileShare.Read, UnixCreateMode = Private, BufferSize = 0,
    });

    private void Rotate()
    {
        _file!.Dispose();
        _file = null;
        var now = time.GetUtcNow();
        var backup = BackupAt(now);
        for (var later = now; File.Exists(backup) || File.Exists(backup + Compressed); backup = BackupAt(later))
        {
            later = later.AddMilliseconds(1);
        }

        File.Move(_path, backup);
        _file = Open();
        var left = Prune(now);
        if (options.Compresses)
        {
            Compressing = CompressAsync(Compressing, left, _end.Token);
        }
    }

    private string BackupAt(DateTimeOffset at) => Path.Combine(
        Path.GetDirectoryName(_path)!,
        Prefix + at.UtcDateTime.ToString(Stamp, CultureInfo.InvariantCulture) + Path.GetExtension(_path));

    private string Prefix => Path.GetFileNameWithoutExtension(_path) + "-";

    /// <summary>Deletes old files, compressed or not; those that stay and are not compressed.</summary>
    private List<string> Prune(DateTimeOffset now)
    {
        var backups = Backups();
        var plain = new List<string>();
        for (var i = 0; i < backups.Count; i++)
        {
            var (path, at) = backups[i];
            if ((options.MaxBackups > 0 && i >= options.MaxBackups)
                || (options.MaxAgeDays > 0 && at < now.AddDays(-options.MaxAgeDays)))
            {
                File.Delete(path);
                File.Delete(path + Compressed);
            }
            else if (File.Exists(path))
            {
                plain.Add(path);
            }
        }

        return plain;
    }

    /// <summary>What was put aside, latest first, by its name before it is compressed.</summary>
    private List<(string Path, DateTimeOffset At)> Backups()
    {
        var backups = new List<(string Path, DateTimeOffset At)>();
        var (directory, extension) = (Path.GetDirectoryName(_path)!, Path.GetExtension(_path));
        foreach (var file in Directory.EnumerateFiles(directory, $"{Prefix}*"))
        {
            var path = file.EndsWith(Compressed, StringComparison.Ordinal) ? file[..^Compressed.Length] : file;
            var stamp = Path.GetFileNameWithoutExtension(path)[Prefix.Length..];
            if (Path.GetExtension(path) == extension && DateTimeOffset.TryParseExact(
                stamp, Stamp, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at))
            {
                backups.Add((path, at));
            }
        }

        return [.. backups.Distinct().OrderByDescending(static b => b.At)];
    }

    private async Task CompressAsync(Task before, List<string> paths, CancellationToken cancellationToken)
    {
        await Task.Yield();
        await before;
        foreach (var path in paths.Where(File.Exists))
        {
            try
            {
                await using (var source = File.OpenRead(path))
                await using (var target = OpenOwn(path + Compressed, FileMode.Create))
                await using (var packed = new GZipStream(target, CompressionLevel.Optimal))
                {
                    await source.CopyToAsync(packed, cancellationToken);
                }

                File.Delete(path);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                LogNotCompressed(path, failure.Message);
            }
        }
    }

    [LoggerMessage(1, LogLevel.Error, "{Path} stays as it is, it cannot be compressed: {Reason}")]
    private partial void LogNotCompressed(string path, string reason);
}
