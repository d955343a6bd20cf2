using OrleansOrchestrator.NodeAgent.Csi;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Csi;

/// <summary>Names and files are those that upstream's kubelet has.</summary>
public sealed class CsiPlacesTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("orc-csi-").FullName;

    private NodeAgentOptions Options => new() { NodeName = "n", DataDirectory = "/unused", RootDirectory = _root };

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void Names_are_upstreams()
    {
        Assert.Equal(
            $"{_root}/plugins/kubernetes.io/csi/d.example.com/" +
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad/globalmount",
            CsiPlaces.Staging(Options, "d.example.com", "abc"));
        const string hashed = "csi-ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        Assert.Equal(hashed, CsiPlaces.EphemeralHandle("a", "bc"));
        Assert.Equal(hashed, CsiPlaces.AttachmentName("a", "b", "c"));
    }

    [Fact]
    public void What_is_written_is_read_again()
    {
        var data = new CsiVolumeData
        {
            Driver = "d.example.com", Handle = "abc", Name = "pv", LifecycleMode = "Persistent", Node = "n",
        };
        var mount = CsiPlaces.Target(Path.Combine(_root, "pod", "pv"));
        CsiPlaces.Write(mount, data);
        Assert.Equal(data, CsiPlaces.Read(mount));
        Assert.Equal(
            "{\"driverName\":\"d.example.com\",\"nodeName\":\"n\",\"specVolID\":\"pv\",\"volumeHandle\":\"abc\"," +
            "\"volumeLifecycleMode\":\"Persistent\"}\n",
            File.ReadAllText(Path.Combine(_root, "pod", "pv", "vol_data.json")));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("{\"driverName\":\"d\"}")]
    [InlineData("{\"driverName\":\"d\",\"volumeHandle\":\"\"}")]
    [InlineData("{\"driverName\":\"d\",\"volumeHandle\":null}")]
    [InlineData("{\"driverName\":1,\"volumeHandle\":\"h\"}")]
    public void What_says_nothing_whole_is_nobodys(string text)
    {
        var mount = CsiPlaces.Staging(Options, "d", "h");
        Directory.CreateDirectory(mount);
        File.WriteAllText(Path.Combine(Path.GetDirectoryName(mount)!, "vol_data.json"), text);
        Assert.Null(CsiPlaces.Read(mount));
        Assert.Empty(CsiPlaces.Staged(Options));
    }

    [Fact]
    public void What_is_staged_is_found_again_until_it_is_removed()
    {
        Assert.Empty(CsiPlaces.Staged(Options));
        var staging = CsiPlaces.Staging(Options, "d", "h");
        Directory.CreateDirectory(staging);
        CsiPlaces.Write(staging, new CsiVolumeData { Driver = "d", Handle = "h" });
        Assert.Equal(["kubernetes.io/csi/d^h"], CsiPlaces.LeftBehind(Options));

        File.WriteAllText(Path.Combine(staging, "left"), "");
        Assert.False(CsiPlaces.Remove(staging));
        Assert.Equal([staging], CsiPlaces.Staged(Options));
        File.Delete(Path.Combine(staging, "left"));
        Assert.True(CsiPlaces.Remove(staging));
        Assert.Empty(CsiPlaces.Staged(Options));
        Assert.True(CsiPlaces.Remove(staging));
    }

    [Fact]
    public void A_file_that_a_driver_left_for_a_block_volume_is_removed()
    {
        var target = CsiPlaces.Target(Path.Combine(_root, "device"));
        CsiPlaces.Write(target, new CsiVolumeData { Driver = "d", Handle = "h" });
        File.WriteAllText(target, "");

        Assert.True(CsiPlaces.Remove(target));
        Assert.Empty(Directory.EnumerateFileSystemEntries(_root));
    }
}
