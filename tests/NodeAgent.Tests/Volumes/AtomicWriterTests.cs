using System.Text;
using CsCheck;
using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.Volumes;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Volumes;

public sealed class AtomicWriterTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("orc-writer-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void Files_are_links_through_one_link()
    {
        Write(Files(("a", "1"), ("d/b", "2")), null);

        Assert.Equal("1", Read("a"));
        Assert.Equal("2", Read("d/b"));
        Assert.Equal("..data/a", new FileInfo(Path.Combine(_directory, "a")).LinkTarget);
        Assert.Equal("..data/d", new FileInfo(Path.Combine(_directory, "d")).LinkTarget);
        Assert.StartsWith("..2", new FileInfo(Path.Combine(_directory, "..data")).LinkTarget, StringComparison.Ordinal);
    }

    [Fact]
    public void The_same_content_changes_nothing()
    {
        Assert.True(Write(Files(("a", "1")), null));
        var target = new FileInfo(Path.Combine(_directory, "..data")).LinkTarget;

        Assert.False(Write(Files(("a", "1")), null));
        Assert.Equal(target, new FileInfo(Path.Combine(_directory, "..data")).LinkTarget);
    }

    [Fact]
    public void Paths_are_cleaned_as_upstream_does()
    {
        Write(Files(("./a//b/./c", "1")), null);

        Assert.Equal("1", Read("a/b/c"));
        Assert.False(Write(Files(("a/b/c", "1")), null));
    }

    [Theory]
    [InlineData("")]
    [InlineData("/abs")]
    [InlineData("../up")]
    [InlineData("a/../../b")]
    [InlineData("..data")]
    [InlineData(".")]
    public void Paths_that_leave_the_volume_are_refused(string path) =>
        Assert.Throws<VolumeException>(() => Write(Files((path, "x")), null));

    [Fact]
    public void Any_sequence_of_contents_ends_in_exactly_the_last()
    {
        var names = Gen.OneOf(Gen.Const("a"), Gen.Const("b"), Gen.Const("d/x"), Gen.Const("d/y"), Gen.Const("e/f/g"));
        Gen.Select(names, Gen.String[Gen.Char.AlphaNumeric, 0, 5]).Array[0, 5].Array[1, 4].Check(
            sequence =>
            {
                var last = new Dictionary<string, VolumeFile>();
                foreach (var content in sequence)
                {
                    last = content.DistinctBy(c => c.Item1).ToDictionary(
                        c => c.Item1, c => new VolumeFile(Encoding.UTF8.GetBytes(c.Item2), 0x1A4));
                    Write(last, null);
                }

                var visible = Directory.EnumerateFileSystemEntries(_directory).Select(Path.GetFileName)
                    .Where(n => !n!.StartsWith("..", StringComparison.Ordinal)).Order(StringComparer.Ordinal);
                Assert.Equal(last.Keys.Select(k => k.Split('/')[0]).Distinct().Order(StringComparer.Ordinal), visible);
                Assert.All(
                    last, f => Assert.Equal(f.Value.Content, File.ReadAllBytes(Path.Combine(_directory, f.Key))));
            },
            cases: 50, threads: 1);
    }

    private bool Write(Dictionary<string, VolumeFile> files, long? fsGroup)
    {
        using var volume = HeldDirectory.Open(_directory);
        return new AtomicWriter(volume, TimeProvider.System).Write(files, fsGroup);
    }

    private string Read(string path) => File.ReadAllText(Path.Combine(_directory, path));

    private static Dictionary<string, VolumeFile> Files(params (string Path, string Text)[] files) =>
        files.ToDictionary(f => f.Path, f => new VolumeFile(Encoding.UTF8.GetBytes(f.Text), 0x1A4));
}
