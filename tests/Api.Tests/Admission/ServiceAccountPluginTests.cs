using k8s;
using k8s.Models;
using OrleansOrchestrator.Api.Admission;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.Store;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Admission;

public sealed class ServiceAccountPluginTests
{
    private const string Space = "n";

    /// <summary>
    /// Webhooks may change a pod after it was given its account: what it refers to then is looked at, too.
    /// </summary>
    [Theory]
    [InlineData("""{"serviceAccountName":"robot"}""", null)]
    [InlineData("""{"serviceAccountName":"nobody"}""",
        "error looking up service account n/nobody: serviceaccount \"nobody\" not found")]
    [InlineData("{}", "no service account specified for pod n/p")]
    [InlineData("""{"serviceAccountName":"robot","volumes":[{"name":"v","secret":{"secretName":"other"}}]}""",
        "volume with secret.secretName=\"other\" is not allowed because service account robot does not reference that "
        + "secret")]
    public async Task What_others_have_changed_in_a_new_pod_counts(string spec, string? expected)
    {
        await using var world = await StartAsync();

        var refusal = await new ServiceAccountPlugin(new ObjectReader(world.Caches, []))
            .ValidateAsync(Creation(spec), TestContext.Current.CancellationToken);

        Assert.Equal(expected is null ? null : $"pods \"p\" is forbidden: {expected}", refusal?.Message);
    }

    [Theory]
    [InlineData("{}", null)]
    [InlineData("""{"volumes":[{"name":"v","secret":{"secretName":"other"}}]}""",
        "volume with secret.secretName=\"other\" is not allowed because service account default does not reference "
        + "that secret")]
    public async Task A_new_pod_is_judged_by_the_account_that_it_was_given(string spec, string? expected)
    {
        await using var world = await StartAsync();
        var accounts = new Accounts();
        var attributes = Creation(spec);

        var refusal = await new ServiceAccountPlugin(new ObjectReader(world.Caches, [accounts]))
            .MutateAsync(attributes, TestContext.Current.CancellationToken);

        Assert.Equal(expected is null ? null : $"pods \"p\" is forbidden: {expected}", refusal?.Message);
        Assert.Equal("default", ((V1Pod)attributes.Object!).Spec.ServiceAccountName);
        Assert.Equal(1, accounts.Reads);
    }

    [Theory]
    [InlineData("{}", null)]
    [InlineData("""{"serviceAccountName":"default"}""", "a mirror pod may not reference service accounts")]
    public async Task A_mirror_pod_has_no_account(string spec, string? expected)
    {
        await using var world = await StartAsync();
        var accounts = new Accounts();
        var attributes = Creation(spec);
        var pod = (V1Pod)attributes.Object!;
        pod.Metadata.Annotations = new Dictionary<string, string> { ["kubernetes.io/config.mirror"] = "x" };

        var refusal = await new ServiceAccountPlugin(new ObjectReader(world.Caches, [accounts]))
            .MutateAsync(attributes, TestContext.Current.CancellationToken);

        Assert.Equal(expected is null ? null : $"pods \"p\" is forbidden: {expected}", refusal?.Message);
        Assert.Equal(0, accounts.Reads);
    }

    [Fact]
    public async Task The_account_of_a_new_namespace_is_waited_for()
    {
        await using var world = await StartAsync();
        var plugin = new ServiceAccountPlugin(new ObjectReader(world.Caches, []));
        var end = TestContext.Current.CancellationToken;
        var attributes = Creation("""{"containers":[{"name":"c"}]}""");

        var judged = plugin.MutateAsync(attributes, end).AsTask();
        await MakeAsync(world, "default");

        Assert.Null(await judged);
        Assert.Contains(((V1Pod)attributes.Object!).Spec.Volumes ?? [], static v => v.Projected is not null);
    }

    [Fact]
    public async Task An_account_that_does_not_come_is_missed()
    {
        await using var world = await StartAsync();

        var refusal = await new ServiceAccountPlugin(new ObjectReader(world.Caches, []))
            .MutateAsync(Creation("{}"), TestContext.Current.CancellationToken);

        Assert.Equal(
            "pods \"p\" is forbidden: error looking up service account n/default: serviceaccount \"default\" not found",
            refusal?.Message);
    }

    private static AdmissionAttributes Creation(string spec) => new()
    {
        Operation = AdmissionOperation.Create,
        Definition = BuiltInResources.Table.Find(WellKnown.Pods)!,
        Key = new ObjectKey(Space, "p"),
        Object = new V1Pod
        {
            Metadata = new V1ObjectMeta { Name = "p" }, Spec = KubernetesJson.Deserialize<V1PodSpec>(spec),
        },
        User = new UserIdentity { Name = "jane" },
        Warnings = [],
    };

    private static async Task<TestSilos> StartAsync()
    {
        var world = await TestSilos.StartAsync();
        await MakeAsync(world, "robot");
        return world;
    }

    private static async Task MakeAsync(TestSilos world, string name)
    {
        var write = TestObjects.FromText(WriteKind.Create, 0, $"uid-{name}", $$$"""
            {"apiVersion":"v1","kind":"ServiceAccount","metadata":{"name":"{{{name}}}","namespace":"n","uid":"uid-{{{name}}}",
            "resourceVersion":"","annotations":{"kubernetes.io/enforce-mountable-secrets":"true"} },
            "automountServiceAccountToken":true}
            """);
        var accounts = world.Journal(WellKnown.ServiceAccounts);
        var made = await accounts.CommitAsync(new JournalWrite(new ObjectKey(Space, name), write), default);
        Assert.True(made.Succeeded);
    }

    /// <summary>One strict account, and how often it was looked for.</summary>
    private sealed class Accounts : IObjectSource
    {
        public int Reads { get; private set; }

        public ResourceName Resource => WellKnown.ServiceAccounts;

        public ValueTask<IReadOnlyList<IKubernetesObject<V1ObjectMeta>>> ListAsync(CancellationToken cancellationToken)
        {
            Reads++;
            var account = new V1ServiceAccount
            {
                ApiVersion = "v1",
                Kind = "ServiceAccount",
                Metadata = new V1ObjectMeta
                {
                    Name = "default",
                    NamespaceProperty = Space,
                    Annotations = new Dictionary<string, string>
                    {
                        ["kubernetes.io/enforce-mountable-secrets"] = "true",
                    },
                },
            };
            return ValueTask.FromResult<IReadOnlyList<IKubernetesObject<V1ObjectMeta>>>([account]);
        }
    }
}
