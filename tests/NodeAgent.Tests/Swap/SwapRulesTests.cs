using k8s.Models;
using OrleansOrchestrator.NodeAgent.Cri.V1;
using OrleansOrchestrator.NodeAgent.Swap;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Swap;

public sealed class SwapRulesTests
{
    private const long Gibibyte = 1 << 30;

    private static readonly SwapRules Limited = new()
    {
        Behavior = SwapRules.Limited, IsUnified = true, IsControlled = true, MemoryBytes = 8 * Gibibyte,
        SwapBytes = 4 * Gibibyte,
    };

    [Theory]
    [InlineData("1Gi", "2Gi", 0, Gibibyte / 2)]
    [InlineData("1Gi", null, 0, Gibibyte / 2)]
    [InlineData("8Gi", null, 0, 4 * Gibibyte)]
    [InlineData("9Gi", null, 0, 0)] // more than the machine has
    [InlineData("1Gi", "1Gi", 0, 0)] // wants no less than all
    [InlineData(null, null, 0, 0)] // asks for nothing
    [InlineData("1Gi", "2Gi", 2_000_000_000, 0)] // critical
    public void A_container_swaps_in_proportion_to_what_it_requests(
        string? request, string? limit, int priority, long expected)
    {
        var pod = Pod(request, limit, priority);
        pod.Spec.Containers.Add(TestPods.Service("other") with { Resources = Amounts("1Mi", null) }); // burstable
        var amounts = new LinuxContainerResources();

        Limited.Set(amounts, pod, pod.Spec.Containers[0]);

        Assert.Equal($"{expected}", amounts.Unified["memory.swap.max"]);
        Assert.Equal(0, amounts.MemorySwapLimitInBytes);
    }

    [Theory]
    [InlineData("")]
    [InlineData(SwapRules.None)]
    public void Nobody_swaps_unless_that_is_switched_on(string behavior)
    {
        var pod = Pod("1Gi", null, 0);
        var amounts = new LinuxContainerResources();

        (Limited with { Behavior = behavior }).Set(amounts, pod, pod.Spec.Containers[0]);

        Assert.Equal("0", amounts.Unified["memory.swap.max"]);
    }

    [Fact]
    public void Pods_that_are_not_burstable_do_not_swap()
    {
        foreach (var pod in new[] { Pod(null, null, 0), Pod("1Gi", "1Gi", 0, cpu: "1") })
        {
            var amounts = new LinuxContainerResources();
            Limited.Set(amounts, pod, pod.Spec.Containers[0]);
            Assert.Equal("0", amounts.Unified["memory.swap.max"]);
        }
    }

    [Theory]
    [InlineData(SwapRules.Limited)]
    [InlineData("")]
    public void Version_1_counts_memory_and_swap_together(string behavior)
    {
        var pod = Pod("1Gi", "2Gi", 0);
        var amounts = new LinuxContainerResources { MemoryLimitInBytes = 2 * Gibibyte };

        (Limited with { Behavior = behavior, IsUnified = false }).Set(amounts, pod, pod.Spec.Containers[0]);

        Assert.Equal(2 * Gibibyte, amounts.MemorySwapLimitInBytes);
        Assert.Empty(amounts.Unified);
    }

    [Fact]
    public void Where_the_kernel_cannot_limit_swap_nothing_is_said_of_it()
    {
        var pod = Pod("1Gi", "2Gi", 0);
        var amounts = new LinuxContainerResources { MemoryLimitInBytes = 2 * Gibibyte };

        (Limited with { IsControlled = false }).Set(amounts, pod, pod.Spec.Containers[0]);

        Assert.Equal(new LinuxContainerResources { MemoryLimitInBytes = 2 * Gibibyte }, amounts);
    }

    [Theory]
    [InlineData("", null)]
    [InlineData("NoSwap", null)]
    [InlineData("LimitedSwap", null)]
    [InlineData("UnlimitedSwap",
        "invalid configuration: memorySwap.swapBehavior \"UnlimitedSwap\" must be one of: \"\", \"LimitedSwap\" or \"NoSwap\"")]
    public void Other_behaviors_are_refused(string behavior, string? problem) => Assert.Equal(
        problem, AgentPreconditions.OptionProblem(new NodeAgentOptions { NodeName = "n", SwapBehavior = behavior }));

    private static V1Pod Pod(string? request, string? limit, int priority, string? cpu = null)
    {
        var pod = TestPods.Pod("p", TestPods.Service("c"));
        (pod.Spec.Priority, pod.Spec.Containers[0].Resources) = (priority, Amounts(request, limit, cpu));
        return pod;
    }

    private static V1ResourceRequirements Amounts(string? request, string? limit, string? cpu = null)
    {
        var (requests, limits) = (new Dictionary<string, ResourceQuantity>(), new Dictionary<string, ResourceQuantity>());
        foreach (var (amounts, memory) in new[] { (requests, request), (limits, limit) })
        {
            Add(amounts, "memory", memory);
            Add(amounts, "cpu", cpu);
        }

        return new V1ResourceRequirements { Requests = requests, Limits = limits };
    }

    private static void Add(Dictionary<string, ResourceQuantity> amounts, string name, string? amount)
    {
        if (amount is not null)
        {
            amounts[name] = new ResourceQuantity(amount);
        }
    }
}
