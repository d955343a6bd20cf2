using System.Text;
using k8s.Models;
using OrleansOrchestrator.Grains.Core.Secrets;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Grains.Tests.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Core.Secrets;

public sealed class SecretTokenReconcilerTests
{
    private readonly World _world = new();

    [Fact]
    public async Task A_token_is_filled_in_once_and_what_is_taken_out_comes_back()
    {
        var account = AddAccount();
        AddSecret(uid: null);
        await StepAsync();
        Assert.Equal(("PEM", "default", "token of default/bot in t"), Contents());
        Assert.Equal(account.Metadata.Uid, Secret()!.Metadata.Annotations["kubernetes.io/service-account.uid"]);

        _world.Api.Change<V1Secret>("default", "t", s =>
        {
            s.Data.Remove("ca.crt");
            s.Data.Remove("namespace");
            s.Data["token"] = "mine"u8.ToArray();
        });
        await StepAsync();
        Assert.Equal(("PEM", "default", "mine"), Contents());
        var writes = _world.Api.Writes;
        await StepAsync();
        Assert.Equal(writes, _world.Api.Writes);
    }

    [Theory]
    [InlineData(false, null)]
    [InlineData(true, "another")]
    public async Task A_secret_without_its_account_goes(bool hasAccount, string? uid)
    {
        if (hasAccount)
        {
            AddAccount();
        }

        AddSecret(uid);
        await StepAsync();
        Assert.Null(Secret());
    }

    [Fact]
    public async Task An_account_does_not_name_a_secret_that_is_gone()
    {
        AddAccount("t", "other");
        await StepAsync();
        var named = _world.Api.Find<V1ServiceAccount>("default", "bot")!.Secrets;
        Assert.Equal(["other"], named.Select(s => s.Name));
    }

    /// <summary>Neither the Secret of such an account goes, nor what an account says of such a Secret.</summary>
    [Theory]
    [InlineData("serviceaccounts")]
    [InlineData("secrets")]
    public async Task What_cannot_be_read_is_not_taken_for_gone(string unreadable)
    {
        AddAccount("t");
        AddSecret(uid: null);
        _world.Api.BeforeRead = (resource, _) =>
            resource.Plural == unreadable ? StatusErrors.InternalError("no key is there that decrypts it") : null;
        await Assert.ThrowsAsync<ReconcileException>(StepAsync);
        Assert.NotNull(Secret());
        Assert.Single(_world.Api.Find<V1ServiceAccount>("default", "bot")!.Secrets);
    }

    private V1ServiceAccount AddAccount(params string[] secrets) => _world.Api.Seed(new V1ServiceAccount
    {
        Metadata = new V1ObjectMeta { Name = "bot", NamespaceProperty = "default" },
        Secrets = [.. secrets.Select(s => new V1ObjectReference { Name = s })],
    });

    private void AddSecret(string? uid)
    {
        var annotations = new Dictionary<string, string> { ["kubernetes.io/service-account.name"] = "bot" };
        if (uid is not null)
        {
            annotations["kubernetes.io/service-account.uid"] = uid;
        }

        _world.Api.Seed(new V1Secret
        {
            Metadata = new V1ObjectMeta { Name = "t", NamespaceProperty = "default", Annotations = annotations },
            Type = "kubernetes.io/service-account-token",
        });
    }

    private Task<Grains.Kernel.ReconcileResult> StepAsync() =>
        new SecretTokenReconciler(new ObjectKey("default", "t"), _world.Services).ReconcileAsync(default);

    private V1Secret? Secret() => _world.Api.Find<V1Secret>("default", "t");

    private (string, string, string) Contents()
    {
        var data = Secret()!.Data.ToDictionary(d => d.Key, d => Encoding.UTF8.GetString(d.Value));
        return (data["ca.crt"], data["namespace"], data["token"]);
    }
}
