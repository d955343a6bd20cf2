using System.Text;
using OrleansOrchestrator.NodeAgent.Cpus;
using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.Numa;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Cpus;

/// <summary>The file that says who has which CPUs: a kubelet's.</summary>
public sealed class CpuCheckpointTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("orc-cpus-");

    private string FilePath => Path.Combine(_directory.FullName, CpuCheckpoint.FileName);

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public void A_kubelets_file_is_read_and_written_as_it_was()
    {
        const string text =
            """{"policyName":"none","defaultCpuSet":"1-3","entries":{"pod":{"container1":"4-6","container2":"1-3"}}""" +
            ""","checksum":3610638499}""";
        File.WriteAllText(FilePath, text);

        var state = Read()!;

        Assert.Equal(CpuSet.Of(1, 2, 3), state.Shared);
        Assert.Equal(CpuSet.Of(4, 5, 6), state.Of("pod", "container1"));
        Assert.Equal(text, Encoding.UTF8.GetString(new CpuCheckpoint("none").Write(state)));
    }

    [Fact]
    public void The_checksum_of_a_newer_kubelet_is_read_too()
    {
        File.WriteAllText(
            FilePath,
            """{"policyName":"none","defaultCpuSet":"1-3","entries":{"pod":{"container1":"4-6","container2":"1-3"}}""" +
            ""","checksum":3415933391}""");

        Assert.Equal(CpuSet.Of(4, 5, 6), Read()!.Of("pod", "container1"));
    }

    [Fact]
    public void Without_a_policy_the_file_is_a_kubelets_too()
    {
        Assert.Equal(
            """{"policyName":"none","defaultCpuSet":"","checksum":1353318690}""",
            Encoding.UTF8.GetString(new CpuCheckpoint("none").Write(CpuState.None)));
        Assert.Null(Read());
    }

    [Theory]
    [InlineData("""{"policyName":"none","defaultCPUSet":"4-6","entries":{},"checksum":1337}""",
        "checkpoint is corrupted")]
    [InlineData("""{"policyName":"other","defaultCPUSet":"1-3","entries":{}}""",
        "configured policy \"none\" differs from state checkpoint policy \"other\"")]
    [InlineData("""{"policyName":"none","defaultCPUSet":"1.3","entries":{}}""",
        "could not parse default cpu set \"1.3\": strconv.Atoi: parsing \"1.3\": invalid syntax")]
    [InlineData("""{"policyName":"none","defaultCPUSet":"1-3","entries":{"pod":{"c":"asd"}}}""",
        "could not parse cpuset \"asd\" for container \"c\" in pod \"pod\": strconv.Atoi: parsing \"asd\": " +
        "invalid syntax")]
    public void Another_file_is_refused_and_named(string text, string problem)
    {
        File.WriteAllText(FilePath, text);
        var refusal = Assert.Throws<InvalidDataException>(Read);
        Assert.Equal(
            $"could not restore state from checkpoint: {problem}, please drain this node and delete the CPU manager " +
            $"checkpoint file \"{FilePath}\" before restarting Kubelet",
            refusal.Message);
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("3,1,2,7", "1-3,7")]
    [InlineData("0-5,34,46-48", "0-5,34,46-48")]
    public void Sets_are_written_as_the_kernel_does(string text, string expected) =>
        Assert.Equal(expected, CpuSet.Parse(text).ToString());

    [Theory]
    [InlineData("5-3", "invalid range \"5-3\" (5 > 3)")]
    [InlineData("1,,2", "strconv.Atoi: parsing \"\": invalid syntax")]
    [InlineData("0-8192", "CPU 8192 of range \"0-8192\" is not below 8192")]
    [InlineData("0-2147483647", "CPU 2147483647 of range \"0-2147483647\" is not below 8192")]
    [InlineData("-1", "strconv.Atoi: parsing \"\": invalid syntax")]
    public void What_is_no_set_is_refused(string text, string problem) =>
        Assert.Equal(problem, CpuSet.Read(text, out _));

    private CpuState? Read() => Checkpoint.Read(_directory.FullName, new CpuCheckpoint("none"));
}
