using OrleansOrchestrator.Machine;
using OrleansOrchestrator.NodeAgent.Kernel;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Kernel;

/// <summary>Removing what pods left behind, without removing anything else.</summary>
public sealed class FileTreesTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("orc-trees-").FullName;

    private string Tree => Path.Combine(_root, "tree");

    private string Elsewhere => Path.Combine(_root, "elsewhere");

    public FileTreesTests()
    {
        Directory.CreateDirectory(Path.Combine(Tree, "a"));
        Directory.CreateDirectory(Elsewhere);
        File.WriteAllText(Path.Combine(Elsewhere, "precious"), "precious");
    }

    public void Dispose()
    {
        TestMounts.UnmountBelow(_root);
        Directory.Delete(_root, recursive: true);
    }

    [Fact]
    public void Links_are_removed_and_not_what_they_lead_to()
    {
        File.CreateSymbolicLink(Path.Combine(Tree, "a", "file"), Path.Combine(Elsewhere, "precious"));
        File.CreateSymbolicLink(Path.Combine(Tree, "directory"), Elsewhere);
        File.CreateSymbolicLink(Path.Combine(Tree, "nowhere"), "/no/such/place");
        File.WriteAllText(Path.Combine(Tree, "a", "plain"), "x");

        FileTrees.Delete(Tree);

        Assert.False(Directory.Exists(Tree));
        Assert.True(File.Exists(Path.Combine(Elsewhere, "precious")));
    }

    [Fact]
    public void Any_depth_goes()
    {
        const int depth = 1000;
        var handle = Linux.OpenDirectory(Tree);
        for (var i = 0; i < depth; i++)
        {
            // deeper than any path may be long, as a program can make it with relative names
            Linux.MakeDirectoryAt(handle, "directory", OwnFiles.PrivateDirectory);
            File.WriteAllText($"{handle.ProcPath}/file", "");
            var next = Linux.OpenBeneath(handle, "directory", LinkRule.Refused);
            handle.Dispose();
            handle = next;
        }

        handle.Dispose();

        FileTrees.Delete(Tree);

        Assert.False(Directory.Exists(Tree));
    }

    [Fact]
    public void Nothing_is_removed_through_a_mount_point()
    {
        Assert.SkipUnless(Linux.IsRoot, "needs root");
        var point = Path.Combine(Tree, "a", "mounted");
        Directory.CreateDirectory(point);
        Linux.Mount(Elsewhere, point, "", Linux.MountBind, "");

        Assert.Contains("is still mounted", Assert.Throws<IOException>(() => FileTrees.Delete(Tree)).Message,
            StringComparison.Ordinal);

        Assert.True(File.Exists(Path.Combine(Elsewhere, "precious")));
        Linux.Unmount(point);
        FileTrees.Delete(Tree);
        Assert.False(Directory.Exists(Tree));
        Assert.True(File.Exists(Path.Combine(Elsewhere, "precious")));
    }

    [Fact]
    public void A_mount_point_is_not_entered_even_if_it_appears_while_we_delete()
    {
        Assert.SkipUnless(Linux.IsRoot, "needs root");
        var point = Path.Combine(Tree, "mounted");
        Directory.CreateDirectory(point);
        Linux.Mount(Elsewhere, point, "", Linux.MountBind, "");
        using var root = HeldDirectory.Open(Tree);

        Assert.Equal(18, Assert.Throws<System.ComponentModel.Win32Exception>(
            () => root.OpenOnSameMount("mounted")).NativeErrorCode);
        using var inside = root.OpenOnSameMount("a");
    }

    [Fact]
    public void A_busy_mount_keeps_no_other_one_mounted()
    {
        Assert.SkipUnless(Linux.IsRoot, "needs root");
        var points = new[] { "a", "b", "c" }.Select(
            name => Directory.CreateDirectory(Path.Combine(Tree, name)).FullName).ToList();
        points.ForEach(p => Linux.Mount("tmpfs", p, "tmpfs", 0, ""));
        using (File.Create(Path.Combine(points[1], "open")))
        {
            Assert.Equal(16, Assert.Throws<System.ComponentModel.Win32Exception>(
                () => TestMounts.UnmountBelow(Tree)).NativeErrorCode);
            Assert.Equal([points[1]], MountPoints.AtOrBelow(Tree));
        }

        TestMounts.UnmountBelow(Tree);
        Assert.Empty(MountPoints.AtOrBelow(Tree));
    }

    [Fact]
    public void Use_is_counted_in_blocks_and_not_through_links()
    {
        File.WriteAllBytes(Path.Combine(Tree, "a", "data"), new byte[100_000]);
        using (var sparse = File.Create(Path.Combine(Tree, "sparse")))
        {
            sparse.SetLength(1L << 40);
        }

        File.CreateSymbolicLink(Path.Combine(Tree, "link"), Elsewhere);

        var used = FileTrees.UsageOf(Tree);

        Assert.InRange(used.Bytes, 100_000, 1_000_000);
        Assert.Equal(4, used.Inodes);
        Assert.Equal(default, FileTrees.UsageOf(Path.Combine(_root, "none")));
    }
}
