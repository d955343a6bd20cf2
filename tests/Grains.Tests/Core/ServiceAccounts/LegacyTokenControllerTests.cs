using k8s.Models;
using OrleansOrchestrator.Grains.Core.ServiceAccounts;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Grains.Tests.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Core.Secrets;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Core.ServiceAccounts;

public sealed class LegacyTokenControllerTests
{
    private static readonly TimeSpan Year = LegacyTokenPlanner.Period + TimeSpan.FromDays(2);

    private readonly World _world = new();

    [Fact]
    public async Task A_token_out_of_use_is_made_invalid_and_goes_a_year_later()
    {
        Track();
        Add("t");
        await StepAsync();
        Assert.Null(Label());

        _world.Time.Advance(Year);
        await StepAsync();
        Assert.Equal(LegacyTokens.Day(_world.Time.GetUtcNow()), Label());
        var writes = _world.Api.Writes;
        _world.Time.Advance(LegacyTokenPlanner.Period);
        await StepAsync();
        Assert.Equal(writes, _world.Api.Writes);

        _world.Time.Advance(TimeSpan.FromDays(1));
        await StepAsync();
        Assert.Null(_world.Api.Find<V1Secret>("default", "t"));
    }

    [Fact]
    public async Task Nothing_is_unused_before_uses_have_been_noted_for_a_year()
    {
        Add("t");
        _world.Time.Advance(Year);
        await StepAsync();
        Track();
        await StepAsync();
        Assert.Null(Label());
    }

    [Theory]
    [InlineData("used")]
    [InlineData("mounted")]
    [InlineData("asked for")]
    [InlineData("another account")]
    public async Task What_somebody_may_use_stays(string why)
    {
        Track();
        Add("t", isNamed: why != "asked for", uid: why == "another account" ? "other" : null);
        _world.Time.Advance(Year);
        if (why == "used")
        {
            _world.Api.Change<V1Secret>("default", "t", s => s.Metadata.Labels = new Dictionary<string, string>
            {
                [LegacyTokens.LastUsedLabel] = LegacyTokens.Day(_world.Time.GetUtcNow().AddDays(-364)),
            });
        }
        else if (why == "mounted")
        {
            _world.AddPod("p", "n1");
            _world.Api.Change<V1Pod>(
                "default", "p",
                p => p.Spec.Volumes =
                    [new V1Volume { Name = "v", Secret = new V1SecretVolumeSource { SecretName = "t" } }]);
        }

        await StepAsync();
        Assert.Null(Label());
    }

    /// <summary>What a policy refuses for one Secret is no reason to leave the others.</summary>
    [Fact]
    public async Task A_token_that_may_not_be_touched_keeps_no_other_valid()
    {
        Track();
        Add("a");
        Add("t");
        _world.Api.Change<V1ServiceAccount>(
            "default", "bot", a => a.Secrets = [new() { Name = "a" }, new() { Name = "t" }]);
        _world.Time.Advance(Year);
        _world.Api.BeforeWrite = w => w.Key.Name == "a"
            ? StatusErrors.Forbidden(w.Resource, "a", "a policy says so")
            : null;
        await Assert.ThrowsAsync<ReconcileException>(StepAsync);
        Assert.Equal(LegacyTokens.Day(_world.Time.GetUtcNow()), Label());
    }

    private void Track() => _world.Api.Seed(new V1ConfigMap
    {
        Metadata = new V1ObjectMeta { Name = LegacyTokens.TrackingName, NamespaceProperty = "kube-system" },
        Data = new Dictionary<string, string> { ["since"] = LegacyTokens.Day(_world.Time.GetUtcNow()) },
    });

    private void Add(string name, bool isNamed = true, string? uid = null)
    {
        var account = _world.Api.Find<V1ServiceAccount>("default", "bot") ?? _world.Api.Seed(new V1ServiceAccount
        {
            Metadata = new V1ObjectMeta { Name = "bot", NamespaceProperty = "default" },
            Secrets = isNamed ? [new V1ObjectReference { Name = name }] : null,
        });
        _world.Api.Seed(new V1Secret
        {
            Metadata = new V1ObjectMeta
            {
                Name = name, NamespaceProperty = "default",
                Annotations = new Dictionary<string, string>
                {
                    ["kubernetes.io/service-account.name"] = "bot",
                    ["kubernetes.io/service-account.uid"] = uid ?? account.Metadata.Uid,
                },
            },
            Type = "kubernetes.io/service-account-token",
        });
    }

    private Task StepAsync() => new LegacyTokenController(_world.Services).CleanAsync(default);

    private string? Label() =>
        _world.Api.Find<V1Secret>("default", "t")!.GetLabel(LegacyTokens.InvalidSinceLabel);
}
