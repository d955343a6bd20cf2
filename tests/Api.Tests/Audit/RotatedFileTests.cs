using System.IO.Compression;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansOrchestrator.Api.Audit;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Audit;

/// <summary>How much of the audit log stays.</summary>
public sealed class RotatedFileTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("orc-audit-");
    private readonly ManualTime _time = new();

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public void AFullFileIsPutAsideAndOldOnesGo()
    {
        using var file = new RotatedFile(
            Options() with { MaxMegabytes = 1, MaxBackups = 2 }, _time, NullLogger.Instance);
        for (var i = 0; i < 5; i++)
        {
            file.Write(Lines(i));
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        var backups = Files();
        Assert.Equal(3, backups.Count);
        Assert.Equal(["2", "3", "4"], backups.Select(static b => File.ReadAllText(b)[..1]));
        Assert.All(
            backups,
            static b => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(b)));
    }

    [Fact]
    public void WhatIsTooOldGoes()
    {
        using var file = new RotatedFile(
            Options() with { MaxMegabytes = 1, MaxAgeDays = 2 }, _time, NullLogger.Instance);
        for (var i = 0; i < 4; i++)
        {
            file.Write(Lines(i));
            _time.Advance(TimeSpan.FromDays(1.5));
        }

        Assert.Equal(["1", "2", "3"], Files().Select(static b => File.ReadAllText(b)[..1]));
    }

    /// <summary>What upstream 1.36 leaves when nothing else is said: a hundred files, of a year.</summary>
    [Theory]
    [InlineData(0, 140, 1)]
    [InlineData(0, 160, 2)]
    [InlineData(1, 105, 101)]
    public void FilesAddUpToAHundred(int megabytes, int writes, int files)
    {
        using var file = new RotatedFile(Options() with { MaxMegabytes = megabytes }, _time, NullLogger.Instance);
        for (var i = 0; i < writes; i++)
        {
            file.Write(Lines(i % 10));
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal(files, Files().Count);
    }

    [Fact]
    public void AYearIsKept()
    {
        using var file = new RotatedFile(Options() with { MaxMegabytes = 1 }, _time, NullLogger.Instance);
        file.Write(Lines(0));
        file.Write(Lines(1));
        _time.Advance(TimeSpan.FromDays(366));
        file.Write(Lines(2));
        Assert.Equal(3, Files().Count);
        _time.Advance(TimeSpan.FromSeconds(1));
        file.Write(Lines(3));
        Assert.Equal(["1", "2", "3"], Files().Select(static f => File.ReadAllText(f)[..1]));
    }

    [Fact]
    public async Task OldFilesAreCompressedAndCountAsBefore()
    {
        using var file = new RotatedFile(
            Options() with { MaxMegabytes = 1, MaxBackups = 2, Compresses = true }, _time, NullLogger.Instance);
        for (var i = 0; i < 5; i++)
        {
            file.Write(Lines(i));
            await file.Compressing.WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        var files = Files();
        Assert.Equal(3, files.Count);
        for (var i = 0; i < 2; i++)
        {
            Assert.EndsWith(".log.gz", files[i], StringComparison.Ordinal);
            await using var packed = new GZipStream(File.OpenRead(files[i]), CompressionMode.Decompress);
            using var text = new StreamReader(packed);
            var lines = await text.ReadToEndAsync(TestContext.Current.CancellationToken);
            Assert.Equal(Encoding.ASCII.GetString(Lines(i + 2)), lines);
        }

        Assert.All(
            files,
            static f => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(f)));
    }

    [Fact]
    public async Task WhatWasLeftPlainIsCompressedWithTheNext()
    {
        var left = Path.Combine(_directory.FullName, "audit-2001-01-01T00-00-00.000.log");
        await File.WriteAllTextAsync(left, "left\n", TestContext.Current.CancellationToken);
        using var file = new RotatedFile(
            Options() with { MaxMegabytes = 1, MaxAgeDays = 0, Compresses = true }, _time, NullLogger.Instance);
        file.Write(Lines(0));
        file.Write(Lines(1));
        await file.Compressing.WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);

        Assert.False(File.Exists(left));
        Assert.True(File.Exists(left + ".gz"));
        Assert.Equal(3, Files().Count);
    }

    [Fact]
    public async Task AFileThatIsThereIsContinued()
    {
        using (var file = new RotatedFile(Options(), _time, NullLogger.Instance))
        {
            file.Write("a\n"u8);
        }

        using (var file = new RotatedFile(Options(), _time, NullLogger.Instance))
        {
            file.Write("b\n"u8);
        }

        Assert.Equal("a\nb\n", await File.ReadAllTextAsync(Assert.Single(Files())));
    }

    private AuditFileOptions Options() => new() { Path = Path.Combine(_directory.FullName, "audit.log") };

    /// <summary>In the order in which they were begun: the one in use last.</summary>
    private List<string> Files() =>
        [.. _directory.EnumerateFiles().Select(static f => f.FullName)
            .OrderBy(static f => Path.GetFileName(f) == "audit.log").ThenBy(static f => f, StringComparer.Ordinal)];

    private static byte[] Lines(int number) =>
        Encoding.ASCII.GetBytes(new string((char)('0' + number), 700_000) + "\n");
}
