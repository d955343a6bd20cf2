using OrleansOrchestrator.Machine;
using OrleansOrchestrator.NodeAgent.Kernel;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Kernel;

/// <summary>Mount points are found by whatever path one comes to them.</summary>
public sealed class MountPointsTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("orc mounts\t\\ ").FullName;

    private string Real => Path.Combine(_root, "real");

    public MountPointsTests()
    {
        Directory.CreateDirectory(Path.Combine(Real, "point"));
        File.CreateSymbolicLink(Path.Combine(_root, "link"), "./real/../real");
        File.CreateSymbolicLink(Path.Combine(_root, "loop"), "loop");
        File.CreateSymbolicLink(Path.Combine(Real, "up"), _root);
    }

    public void Dispose()
    {
        TestMounts.UnmountBelow(_root);
        Directory.Delete(_root, recursive: true);
    }

    [Theory]
    [InlineData("real/point")]
    [InlineData("link/point")]
    [InlineData("link/up/link/up/real/./point/")]
    public void Odd_characters_and_links_on_the_way_hide_no_mount_point(string path)
    {
        Assert.SkipUnless(Linux.IsRoot, "needs root");
        var asked = Path.Combine(_root, path);
        Assert.False(MountPoints.Contains(asked));
        Linux.Mount("tmpfs", Path.Combine(Real, "point"), "tmpfs", 0, "");

        Assert.True(MountPoints.Contains(asked));
        Assert.Equal([Path.Combine(Real, "point")], MountPoints.AtOrBelow(asked));
        Assert.Empty(MountPoints.Below(asked));
        Assert.Equal([Path.Combine(Real, "point")], MountPoints.Below(RealPath.Of(Path.Combine(asked, ".."))));
    }

    [Fact]
    public void What_was_read_once_is_asked_by_whatever_path()
    {
        MountedFileSystem[] mounted = [.. new[] { "real", "real/point", "real/pointless", "realm" }
            .Select(p => new MountedFileSystem("0:1", Path.Combine(_root, p), "tmpfs", "tmpfs", false))];

        Assert.Equal(mounted[..3], MountPoints.AtOrBelow(Path.Combine(_root, "link/up/real"), mounted));
        Assert.Equal(mounted[1..3], MountPoints.Below(Path.Combine(_root, "link/up/real"), mounted));
        Assert.Equal([mounted[1]], MountPoints.AtOrBelow(Path.Combine(_root, "link/point"), mounted));
        Assert.Empty(MountPoints.Below(Path.Combine(_root, "link/point"), mounted));
    }

    [Theory]
    [InlineData("link", "real")]
    [InlineData("link/none/x", "real/none/x")]
    [InlineData("real/up/link/up", "")]
    public void Links_are_followed(string path, string expected) => Assert.Equal(
        Path.TrimEndingDirectorySeparator(Path.Combine(_root, expected)), RealPath.Of(Path.Combine(_root, path)));

    [Fact]
    public void A_link_that_leads_to_itself_leads_nowhere() =>
        Assert.Throws<IOException>(() => RealPath.Of(Path.Combine(_root, "loop")));
}
