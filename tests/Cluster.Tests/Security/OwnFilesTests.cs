using OrleansOrchestrator.Machine;
using OrleansOrchestrator.Silo.Hosting;
using Xunit;

namespace OrleansOrchestrator.Cluster.Tests.Security;

/// <summary>
/// The cluster's own files have their mode from the first moment, also where an earlier version left others.
/// </summary>
public sealed class OwnFilesTests : IDisposable
{
    private const UnixFileMode Everybody = (UnixFileMode)0x1FF;

    private readonly string _scratch = Directory.CreateTempSubdirectory("orc-test-").FullName;

    public void Dispose() => Directory.Delete(_scratch, recursive: true);

    /// <summary>PostgreSQL, which is another user, reaches its part of a directory whose parents are new.</summary>
    [Fact]
    public void What_is_missing_above_the_data_can_be_passed_through()
    {
        var above = Path.Combine(_scratch, "new", "too");
        DataDirectory.Open(Path.Combine(above, "data"));
        Assert.Equal(OwnFiles.PassableDirectory, File.GetUnixFileMode(above));
        Assert.Equal(OwnFiles.PassableDirectory, File.GetUnixFileMode(Path.GetDirectoryName(above)!));
    }

    [Theory]
    [InlineData("", OwnFiles.PrivateDirectory)]
    [InlineData("run", OwnFiles.PrivateDirectory)]
    [InlineData("log", OwnFiles.OwnersDirectory)]
    [InlineData("pki", OwnFiles.OwnersDirectory)]
    [InlineData("node", OwnFiles.OwnersDirectory)]
    public void Directories_are_closed_at_every_start(string name, UnixFileMode mode)
    {
        var root = Path.Combine(_scratch, "data");
        DataDirectory.Open(root);
        Assert.Equal(mode, File.GetUnixFileMode(Path.Combine(root, name)));

        File.SetUnixFileMode(Path.Combine(root, name), Everybody);
        DataDirectory.Open(root);
        Assert.Equal(mode, File.GetUnixFileMode(Path.Combine(root, name)));
    }

    [Fact]
    public void A_kubeconfig_is_its_owners_alone_whatever_lay_there()
    {
        var path = Path.Combine(_scratch, "made", "admin.conf");
        for (var round = 0; round < 2; round++)
        {
            Kubeconfig.Write(path, "https://s", "ca", "u", "certificate", "key");

            Assert.Equal(OwnFiles.PrivateFile, File.GetUnixFileMode(path));
            Assert.Equal(OwnFiles.OwnersDirectory, File.GetUnixFileMode(Path.GetDirectoryName(path)!));
            File.WriteAllText(path + ".new", "of an attempt that was cut off");
            File.SetUnixFileMode(path + ".new", Everybody);
            File.SetUnixFileMode(path, Everybody);
        }
    }

    [Fact]
    public void What_is_being_written_goes_through_no_link()
    {
        var precious = Path.Combine(_scratch, "precious");
        File.WriteAllText(precious, "precious");
        File.CreateSymbolicLink(Path.Combine(_scratch, "file.new"), precious);

        OwnFiles.Write(Path.Combine(_scratch, "file"), "secret");

        Assert.Equal("precious", File.ReadAllText(precious));
        Assert.Equal("secret", File.ReadAllText(Path.Combine(_scratch, "file")));
        Assert.Null(new FileInfo(Path.Combine(_scratch, "file")).LinkTarget);
    }
}
