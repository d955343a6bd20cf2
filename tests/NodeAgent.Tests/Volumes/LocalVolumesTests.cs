using OrleansOrchestrator.Machine;
using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.Volumes;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Volumes;

public sealed class LocalVolumesTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("orc-local-").FullName;
    private readonly LocalVolumes _volumes;

    public LocalVolumesTests()
    {
        File.SetUnixFileMode(_root, (UnixFileMode)0x1ED);
        _volumes = new LocalVolumes(
            new NodeAgentOptions { NodeName = "n", DataDirectory = Path.Combine(_root, "node") });
    }

    public void Dispose()
    {
        if (Linux.IsRoot)
        {
            TestMounts.UnmountBelow(_root);
        }

        Directory.Delete(_root, recursive: true);
    }

    [Fact]
    public void Everyone_in_a_container_may_write_and_nobody_beside_finds_the_way()
    {
        var path = _volumes.Make("pvc-1");

        Assert.Equal((UnixFileMode)0x1FF, File.GetUnixFileMode(path));
        Assert.Equal(OwnFiles.PrivateDirectory, File.GetUnixFileMode(Path.GetDirectoryName(path)!));
    }

    [Fact]
    public void What_is_made_again_keeps_its_data_and_what_is_removed_leaves_nothing()
    {
        var path = _volumes.Make("pvc-1");
        var other = _volumes.Make("pvc-2");
        File.WriteAllText(Path.Combine(path, "f"), "kept");
        Directory.CreateDirectory(Path.Combine(path, "d/e"));
        File.CreateSymbolicLink(Path.Combine(path, "d/out"), other);
        File.WriteAllText(Path.Combine(other, "g"), "kept");

        Assert.Equal(path, _volumes.Make("pvc-1"));
        Assert.Equal("kept", File.ReadAllText(Path.Combine(path, "f")));

        Assert.True(_volumes.TryRemove("pvc-1"));
        Assert.True(_volumes.TryRemove("pvc-1"));
        Assert.False(Path.Exists(path));
        Assert.True(File.Exists(Path.Combine(other, "g")));
    }

    [Fact]
    public void Nothing_is_removed_through_a_mount()
    {
        Assert.SkipUnless(Linux.IsRoot, "needs root");
        var path = _volumes.Make("pvc-1");
        var other = _volumes.Make("pvc-2");
        File.WriteAllText(Path.Combine(other, "g"), "kept");
        Directory.CreateDirectory(Path.Combine(path, "m"));
        Linux.Mount(other, Path.Combine(path, "m"), "", Linux.MountBind, "");

        Assert.Throws<IOException>(() => _volumes.TryRemove("pvc-1"));

        Assert.True(File.Exists(Path.Combine(other, "g")));
    }

    [Theory]
    [InlineData("pvc-7d3a0c11-0000-4000-8000-000000000001", true)]
    [InlineData("a.b", true)]
    [InlineData("", false)]
    [InlineData(".", false)]
    [InlineData("..", false)]
    [InlineData(".hidden", false)]
    [InlineData("a/b", false)]
    [InlineData("a\0", false)]
    [InlineData("A", false)]
    public void Only_a_name_is_a_name(string name, bool expected) => Assert.Equal(expected, LocalVolumes.IsName(name));
}
