using k8s.Models;
using OrleansOrchestrator.NodeAgent.Volumes;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Volumes;

public sealed class HostPathCheckTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("orc-host-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [InlineData("", "none", null)]
    [InlineData("Directory", ".", null)]
    [InlineData("Directory", "none", "a directory")]
    [InlineData("DirectoryOrCreate", "none", null)]
    [InlineData("File", "file", null)]
    [InlineData("File", ".", "a file")]
    [InlineData("FileOrCreate", "none", null)]
    [InlineData("FileOrCreate", ".", "a file")]
    [InlineData("Socket", "file", "a socket file")]
    [InlineData("CharDevice", "file", "a character device")]
    [InlineData("BlockDevice", "file", "a block device")]
    public void What_a_hostPath_must_be_is_looked_at(string type, string name, string? isNot)
    {
        File.WriteAllText(Path.Combine(_directory, "file"), "");
        var path = Path.GetFullPath(name, _directory);

        var problem = Record.Exception(() =>
            HostPathCheck.Require(new V1HostPathVolumeSource { Path = path, Type = type }));

        Assert.Equal(isNot is null ? null : $"hostPath type check failed: {path} is not {isNot}", problem?.Message);
        Assert.Equal(type.EndsWith("OrCreate", StringComparison.Ordinal) || name != "none", Path.Exists(path));
    }
}
