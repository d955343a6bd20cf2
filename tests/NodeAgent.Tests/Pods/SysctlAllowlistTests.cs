using k8s.Models;
using OrleansOrchestrator.NodeAgent.Pods;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Pods;

/// <summary>Which settings of the kernel a pod may have: the rows of upstream's allowlist_test.</summary>
public sealed class SysctlAllowlistTests
{
    private const string None = "are not known to be namespaced";

    [Theory]
    [InlineData("kernel.msg*,kernel.sem", null)]
    [InlineData("kernel/msg*,kernel/sem", null)]
    [InlineData("net.*,fs.mqueue.*", null)]
    [InlineData(" kernel.msg*", "sysctl \" kernel.msg*\" must have at most 253 characters and match regex ([a-z0-9]")]
    [InlineData("kernel.msg* ", "sysctl \"kernel.msg* \" must have")]
    [InlineData("net.-", "sysctl \"net.-\" must have")]
    [InlineData("net.*.foo", "sysctl \"net.*.foo\" must have")]
    [InlineData("net.*/foo", "sysctl \"net.*/foo\" must have")]
    [InlineData("foo", "the sysctl \"foo\" " + None)]
    [InlineData("foo*", "the sysctls \"foo*\" " + None)]
    [InlineData("kernel.panic", "the sysctl \"kernel.panic\" " + None)]
    public void A_node_allows_more_only_of_what_is_a_namespaces_own(string allowed, string? expected)
    {
        var options = new NodeAgentOptions { NodeName = "n", AllowedUnsafeSysctls = allowed.Split(',') };

        var problem = AgentPreconditions.ResourceProblem(options, PinningParts.Of(PinningParts.DualSocket));

        Assert.StartsWith(expected ?? "", problem ?? "", StringComparison.Ordinal);
        Assert.Equal(expected is null, problem is null);
    }

    [Theory]
    [InlineData("kernel.shm_rmid_forced", "", null)]
    [InlineData("kernel/shm_rmid_forced", "", null)]
    [InlineData("net.ipv4.ip_local_port_range", "", null)]
    [InlineData("kernel.msgmax", "", null)]
    [InlineData("kernel.sem", "", null)]
    [InlineData("kernel/sem", "", null)]
    [InlineData("net.b.c", "", null)]
    [InlineData("kernel.shm_rmid_forced", "ipc", "\"kernel.shm_rmid_forced\" not allowed with host ipc enabled")]
    [InlineData("net.ipv4.ip_local_port_range", "net",
        "\"net.ipv4.ip_local_port_range\" not allowed with host net enabled")]
    [InlineData("foo", "", "\"foo\" not allowlisted")]
    [InlineData("net.a.b.c", "", "\"net.a.b.c\" not allowlisted")]
    [InlineData("net.ipv4.ip_local_port_range.a.b.c", "", "\"net.ipv4.ip_local_port_range.a.b.c\" not allowlisted")]
    [InlineData("kernel.msgmax", "ipc", "\"kernel.msgmax\" not allowed with host ipc enabled")]
    [InlineData("kernel.sem", "ipc", "\"kernel.sem\" not allowed with host ipc enabled")]
    [InlineData("kernel.sem_next_id", "", null)]
    [InlineData("kernel.sem_next_id", "ipc", "\"kernel.sem_next_id\" not allowed with host ipc enabled")]
    [InlineData("net.b.c", "net", "\"net.b.c\" not allowed with host net enabled")]
    public void A_pod_has_what_is_allowed_in_namespaces_of_its_own(string sysctl, string host, string? expected)
    {
        var pod = TestPods.Pod("p", TestPods.Service("c"));
        (pod.Spec.HostNetwork, pod.Spec.HostIPC) = (host == "net", host == "ipc");
        pod.Spec.SecurityContext = new V1PodSecurityContext
        {
            Sysctls = [new V1Sysctl { Name = sysctl, Value = "1" }],
        };

        Assert.Equal(
            expected,
            new SysctlAllowlist(["kernel.msg*", "kernel.sem", "kernel.sem*", "net.b.*"]).Problem(pod));
    }
}
