using System.Text;
using Microsoft.Extensions.Logging;
using OrleansOrchestrator.NodeAgent.Devices;
using OrleansOrchestrator.NodeAgent.Dra;
using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.Shutdown;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Kernel;

/// <summary>States in files: one rule for a full disk, and one for a file that says nothing.</summary>
public sealed class CheckpointTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("orc-state-");

    private NodeAgentOptions Options => new() { NodeName = "n", DataDirectory = _directory.FullName };

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public void Where_the_disk_is_full_nothing_is_taken_and_what_is_given_back_is_free()
    {
        var state = Checkpoint.Open(_directory.FullName, new Plain(), "");
        state.Take("a");
        var blocked = _directory.CreateSubdirectory("plain.new");

        Assert.ThrowsAny<UnauthorizedAccessException>(() => state.Take("a b"));
        Assert.Equal("a", state.State);
        state.Free("-");
        Assert.ThrowsAny<UnauthorizedAccessException>(state.Flush);
        Assert.Equal(("-", "a"), (state.State, Checkpoint.Read(_directory.FullName, new Plain())));

        blocked.Delete();
        state.Take(state.State + " b");
        Assert.Equal("- b", Checkpoint.Open(_directory.FullName, new Plain(), "").State);
    }

    [Theory]
    [InlineData("cpu_manager_state", "the CPU manager checkpoint file")]
    [InlineData("memory_manager_state", "the memory manager checkpoint file")]
    [InlineData("allocated_pods_state", "pod resource information checkpoint file")]
    [InlineData("actuated_pods_state", "pod resource information checkpoint file")]
    [InlineData("dra_manager_state", "the dra state file")]
    public void A_file_that_cannot_be_read_or_is_broken_keeps_the_agent_from_starting(string name, string title)
    {
        var path = Path.Combine(_directory.FullName, name);
        Assert.Null(AgentPreconditions.ResourceProblem(Options, PinningParts.Machine));
        File.CreateSymbolicLink(path, "/proc/self/mem"); // which cannot be read at its beginning, by root too
        Refuses();
        File.Delete(path);
        File.WriteAllText(path, "{");
        Refuses();

        void Refuses()
        {
            var problem = AgentPreconditions.ResourceProblem(Options, PinningParts.Machine);
            Assert.StartsWith("could not restore state from checkpoint: ", problem);
            Assert.EndsWith(
                $", please drain this node and delete {title} \"{path}\" before restarting Kubelet", problem);
        }
    }

    /// <summary>What says null where there has to be something says nothing.</summary>
    [Theory]
    [InlineData("cpu_manager_state", "null")]
    [InlineData("cpu_manager_state", """{"policyName":null}""")]
    [InlineData("cpu_manager_state", """{"policyName":"none","defaultCpuSet":null}""")]
    [InlineData("cpu_manager_state", """{"policyName":"none","defaultCpuSet":"","entries":{"u":null}}""")]
    [InlineData("cpu_manager_state", """{"policyName":"none","defaultCpuSet":"","entries":{"u":{"c":null}}}""")]
    [InlineData("memory_manager_state", "null")]
    [InlineData("memory_manager_state", """{"policyName":"None","machineState":null}""")]
    [InlineData("memory_manager_state", """{"policyName":"None","machineState":{"0":null}}""")]
    [InlineData("memory_manager_state", """{"policyName":"None","machineState":{"0":{"cells":null}}}""")]
    [InlineData("memory_manager_state", """{"policyName":"None","machineState":{"0":{"memoryMap":{"memory":null}}}}""")]
    [InlineData("memory_manager_state", """{"policyName":"None","machineState":{},"entries":{"u":null}}""")]
    [InlineData("memory_manager_state", """{"policyName":"None","machineState":{},"entries":{"u":{"c":null}}}""")]
    [InlineData("memory_manager_state", """{"policyName":"None","machineState":{},"entries":{"u":{"c":[null]}}}""")]
    [InlineData("allocated_pods_state", "null")]
    [InlineData("allocated_pods_state", """{"u":null}""")]
    [InlineData("actuated_pods_state", """{"u":{"containers":null}}""")]
    [InlineData("actuated_pods_state", """{"u":{"containers":{"c":null}}}""")]
    [InlineData("actuated_pods_state", """{"u":{"containers":{"c":{"limits":{"cpu":null}}}}}""")]
    [InlineData("dra_manager_state", "null")]
    [InlineData("dra_manager_state", "[null]")]
    [InlineData("dra_manager_state", """[{"Namespace":null,"Name":"c","Uid":"u"}]""")]
    [InlineData("dra_manager_state", """[{"Namespace":"n","Name":"c","Uid":"u","Pods":null}]""")]
    [InlineData("dra_manager_state", """[{"Namespace":"n","Name":"c","Uid":"u","Pods":[null]}]""")]
    [InlineData("dra_manager_state", """[{"Namespace":"n","Name":"c","Uid":"u","Drivers":{"d":null}}]""")]
    [InlineData("dra_manager_state", """[{"Namespace":"n","Name":"c","Uid":"u","Drivers":{"d":[null]}}]""")]
    public void Null_is_no_state(string name, string content)
    {
        File.WriteAllText(Path.Combine(_directory.FullName, name), content);

        var problem = AgentPreconditions.ResourceProblem(Options, PinningParts.Machine);

        Assert.StartsWith("could not restore state from checkpoint: ", problem);
        Assert.Contains($"{name}\" before restarting Kubelet", problem);
    }

    [Theory]
    [InlineData("{")]
    [InlineData("{}")]
    [InlineData("null")]
    [InlineData("""{"Resources":[null],"Pods":{}}""")]
    [InlineData("""{"Resources":[],"Pods":{"u":null}}""")]
    [InlineData("""{"Resources":[],"Pods":{"u":{"c":null}}}""")]
    [InlineData("""{"Resources":[],"Pods":{"u":{"c":[null]}}}""")]
    [InlineData("""{"Resources":[],"Pods":{"u":{"c":[{"Resource":"r","Devices":[null],"Response":""}]}}}""")]
    public void A_broken_file_of_devices_is_told_and_begun_anew(string content)
    {
        var path = Path.Combine(_directory.FullName, "allocated_devices_state");
        File.WriteAllText(path, content);
        var log = new Told<DeviceAllocations>();

        var allocations = new DeviceAllocations(Options, log);

        Assert.Contains("Continue after failing to read checkpoint file", Assert.Single(log.Lines));
        Assert.Empty(allocations.Pods);
        allocations.Add("pod", "c", new AllocatedDevices("example.com/gpu", ["one"], []));
        Assert.Equal(["pod"], new DeviceAllocations(Options, log).Pods);
        Assert.Single(log.Lines);
    }

    [Fact]
    public void What_a_machine_that_went_down_hard_left_of_its_shutdown_is_as_good_as_none()
    {
        File.WriteAllText(Path.Combine(_directory.FullName, "graceful_node_shutdown_state"), "{\"startTime\":");
        var log = new Told<ShutdownRecord>();

        _ = new ShutdownRecord(Options, log);

        Assert.StartsWith("Failed to load graceful shutdown state: ", Assert.Single(log.Lines));
    }

    [Fact]
    public void Without_files_nothing_is_told()
    {
        var (devices, shutdown) = (new Told<DeviceAllocations>(), new Told<ShutdownRecord>());
        _ = new DeviceAllocations(Options, devices);
        _ = new ShutdownRecord(Options, shutdown);

        Assert.Empty(devices.Lines);
        Assert.Empty(shutdown.Lines);
        Assert.Empty(new PreparedClaims(Options).Book.Claims);
        Assert.Empty(_directory.EnumerateFiles());
    }

    private sealed class Plain : ICheckpointForm<string>
    {
        public string Name => "plain";

        public string Title => "the file";

        public byte[] Write(string state) => Encoding.UTF8.GetBytes(state);

        public string Read(byte[] content) => Encoding.UTF8.GetString(content);
    }

    private sealed class Told<T> : ILogger<T>
    {
        public List<string> Lines { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter) => Lines.Add(formatter(state, exception));
    }
}
