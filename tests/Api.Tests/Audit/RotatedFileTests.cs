using System.Text;
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
    public async Task AFullFileIsPutAsideAndOldOnesGo()
    {
        using var file = new RotatedFile(Options() with { MaxMegabytes = 1, MaxBackups = 2 }, _time);
        for (var i = 0; i < 5; i++)
        {
            await file.WriteAsync(Lines(i), default);
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
    public async Task WhatIsTooOldGoes()
    {
        using var file = new RotatedFile(Options() with { MaxMegabytes = 1, MaxAgeDays = 2 }, _time);
        for (var i = 0; i < 4; i++)
        {
            await file.WriteAsync(Lines(i), default);
            _time.Advance(TimeSpan.FromDays(1.5));
        }

        Assert.Equal(["1", "2", "3"], Files().Select(static b => File.ReadAllText(b)[..1]));
    }

    [Fact]
    public async Task AFileThatIsThereIsContinued()
    {
        using (var file = new RotatedFile(Options(), _time))
        {
            await file.WriteAsync("a\n"u8.ToArray(), default);
        }

        using (var file = new RotatedFile(Options(), _time))
        {
            await file.WriteAsync("b\n"u8.ToArray(), default);
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
