using OrleansOrchestrator.NodeAgent.UserNamespaces;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.UserNamespaces;

public sealed class IdRangeTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(IdRange.Last)]
    public void What_is_written_is_read_again(uint index)
    {
        var range = new IdRange(index);

        Assert.Equal(range, IdRange.Parse(range.ToJson()));
        Assert.Equal((index * 65536, 0u, 65536u),
            (range.Mapping.HostId, range.Mapping.ContainerId, range.Mapping.Length));
    }

    [Fact]
    public void The_file_is_upstreams() => Assert.Equal(
        """{"uidMappings":[{"hostId":131072,"containerId":0,"length":65536}],"gidMappings":[{"hostId":131072,"containerId":0,"length":65536}]}""",
        new IdRange(2).ToJson());

    [Theory]
    [InlineData("", "invalid user namespace mappings file: ")]
    [InlineData("[]", "invalid user namespace configuration: no more than one mapping allowed.")]
    [InlineData("{}", "invalid user namespace configuration: no more than one mapping allowed.")]
    [InlineData("""{"uidMappings":[],"gidMappings":[]}""",
        "invalid user namespace configuration: no more than one mapping allowed.")]
    [InlineData("""{"uidMappings":[{"hostId":131072,"containerId":0,"length":65536}],"gidMappings":[]}""",
        "invalid user namespace configuration: GID and UID mapping should be identical")]
    [InlineData("131072,1,65536", "invalid user namespace configuration: UID 0 must be mapped")]
    [InlineData("131072,0,1", "wrong user namespace length 1")]
    [InlineData("131073,0,65536", "wrong user namespace offset specified 131073")]
    [InlineData("0,0,65536", "id 0 is out of range")]
    [InlineData("65536000000,0,65536", "id 65536000000 is out of range")]
    [InlineData("4294901760,0,65536", "id 4294901760 is out of range")]
    [InlineData("\"x\",0,65536", "invalid user namespace mappings file: hostId is no number")]
    public void A_file_that_is_none_of_ours_is_refused(string text, string message)
    {
        if (text.Split(',') is [var host, var inside, var length] && !text.StartsWith('{'))
        {
            var mapping = $$"""[{"hostId":{{host}},"containerId":{{inside}},"length":{{length}}}]""";
            text = $$"""{"uidMappings":{{mapping}},"gidMappings":{{mapping}}}""";
        }

        Assert.StartsWith(
            $"user namespace: {message}",
            Assert.Throws<UserNamespaceException>(() => IdRange.Parse(text)).Message);
    }
}
