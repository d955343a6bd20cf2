using OrleansOrchestrator.NodeAgent.UserNamespaces;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.UserNamespaces;

public sealed class IdRangeTests
{
    [Theory]
    [InlineData(1, 65536u)]
    [InlineData(65534, 65536u)]
    [InlineData(3, 131072u)]
    [InlineData(1, 1048576u)]
    [InlineData(21844, 196608u)]
    public void What_is_written_is_read_again(int index, uint length)
    {
        var range = IdRange.At(index, length);

        Assert.InRange(index, 1, IdRange.Last(length));
        Assert.Equal(range, IdRange.Parse(range.ToJson()));
        Assert.Equal(((uint)index * length, 0u, length),
            (range.Mapping.HostId, range.Mapping.ContainerId, range.Mapping.Length));
    }

    [Theory]
    [InlineData(65536u, 65534)]
    [InlineData(131072u, 32766)]
    [InlineData(196608u, 21844)]
    [InlineData(2147483648u, 0)]
    public void The_highest_number_is_no_pods(uint length, int last)
    {
        Assert.Equal(last, IdRange.Last(length));
        Assert.InRange(((long)last + 1) * length, 0, uint.MaxValue);
    }

    [Theory]
    [InlineData(65536L, 110, null)]
    [InlineData(1048576L, 110, null)]
    [InlineData(0L, 110, "userNamespaces.idsPerPod must not be less than 65536")]
    [InlineData(65537L, 110, "userNamespaces.idsPerPod must be a multiple of 65536")]
    [InlineData(1L << 32, 110, "userNamespaces.idsPerPod must not be more than 4294967295")]
    [InlineData(131072L, 32767, "kubelet user assigned IDs are not enough to support 32767 pods")]
    [InlineData(131072L, 32766, null)]
    public void How_many_there_can_be_is_upstreams(long length, int pods, string? problem) =>
        Assert.Equal(problem, IdRange.Problem(length, pods));

    /// <summary>Of what the machine keeps for pods: its first id, and how many there are.</summary>
    [Theory]
    [InlineData(65536u, 7208960u, 110, null)]
    [InlineData(65536u, 7143424u, 110, "kubelet user assigned IDs are not enough to support 110 pods")]
    [InlineData(65537u, 7208960u, 110, "kubelet user assigned ID 65537 is not a multiple of 65536")]
    [InlineData(0u, 7208960u, 110, "kubelet user assigned ID 0 must be greater or equal to 65536")]
    [InlineData(65536u, 65537u, 1, "kubelet user assigned IDs length 65537 is not a multiple of 65536")]
    public void What_the_machine_keeps_for_pods_has_to_be_enough(uint first, uint count, int pods, string? problem) =>
        Assert.Equal(problem, IdRange.Problem(IdRange.Unit, pods, new IdRange(first, count)));

    [Fact]
    public void Pods_have_ids_of_those_that_are_kept_for_them()
    {
        Assert.Equal(65534, IdRange.Within(IdRange.Unit, all: null).Count());
        Assert.Equal(
            [new IdRange(131072, 65536), new IdRange(196608, 65536)],
            IdRange.Within(IdRange.Unit, new IdRange(131072, 131072)));
        Assert.Equal(
            [IdRange.At(65534, IdRange.Unit)],
            IdRange.Within(IdRange.Unit, new IdRange(IdRange.At(65534, IdRange.Unit).First, 131072)));
    }

    [Theory]
    [InlineData(65536u, 65536u, 65536u, 65536u, true)]
    [InlineData(65536u, 65536u, 131072u, 65536u, false)]
    [InlineData(131072u, 131072u, 196608u, 65536u, true)]
    [InlineData(131072u, 131072u, 262144u, 65536u, false)]
    public void Ranges_of_different_lengths_may_overlap(
        uint first, uint length, uint otherFirst, uint otherLength, bool overlap)
    {
        var (range, other) = (new IdRange(first, length), new IdRange(otherFirst, otherLength));

        Assert.Equal((overlap, overlap), (range.Overlaps(other), other.Overlaps(range)));
    }

    [Fact]
    public void The_file_is_upstreams() => Assert.Equal(
        """{"uidMappings":[{"hostId":131072,"containerId":0,"length":65536}],"gidMappings":[{"hostId":131072,"containerId":0,"length":65536}]}""",
        IdRange.At(2, IdRange.Unit).ToJson());

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
    [InlineData("131072,0,65537", "wrong user namespace length 65537")]
    [InlineData("131072,0,4295032832", "wrong user namespace length 4295032832")]
    [InlineData("65536,0,131072", "wrong user namespace offset specified 65536")]
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
