using System.Text;
using CsCheck;
using k8s.Models;
using OrleansOrchestrator.Grains.Core.Secrets;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Core.Secrets;

public sealed class SecretTokenPlannerTests
{
    private const string Uid = "u";
    private const string Authorities = "PEM";

    private static readonly string?[] UidsOnSecret = [null, "", Uid, "another"];

    /// <summary>Null where a field is not there.</summary>
    private static readonly Gen<string?> Field = Gen.OneOf<string?>(null, "", Authorities, "old");

    /// <summary>
    /// Whatever a Secret holds, one step leads to where nothing is to do: it has gone with its account, or holds all,
    /// and what was there of use is as it was.
    /// </summary>
    [Fact]
    public void A_secret_holds_all_or_goes() => Gen.Select(
        Gen.Bool, Gen.OneOf(UidsOnSecret), Field, Field, Field).Check((hasAccount, uid, token, place, authorities) =>
    {
        var secret = Secret(uid, token, place, authorities);
        var step = SecretTokenPlanner.Compute(secret, hasAccount ? Uid : null, Authorities);
        var isOrphan = !hasAccount || uid is "another";
        var isFull = token?.Length > 0 && place?.Length > 0 && authorities == Authorities;
        Assert.Equal(
            isOrphan ? SecretTokenStep.Delete : isFull ? SecretTokenStep.None : SecretTokenStep.Fill, step);
        if (step != SecretTokenStep.Fill)
        {
            return;
        }

        var isMissing = !SecretTokenPlanner.Has(secret, SecretTokenPlanner.Token);
        Assert.Equal(!(token?.Length > 0), isMissing);
        SecretTokenPlanner.Fill(secret, Uid, Authorities, isMissing ? "new" : null);
        Assert.Equal(
            ["ca.crt PEM", "mine x", $"namespace {Or(place, "default")}", $"token {Or(token, "new")}"],
            secret.Data.Select(d => $"{d.Key} {Encoding.UTF8.GetString(d.Value)}").Order(StringComparer.Ordinal));
        Assert.Equal(Uid, secret.Metadata.Annotations[SecretTokenPlanner.UidAnnotation]);
        Assert.Equal("bot", SecretTokenPlanner.AccountOf(secret));
        Assert.Equal(SecretTokenStep.None, SecretTokenPlanner.Compute(secret, Uid, Authorities));

        // Another authority, or another account of the same name.
        Assert.Equal(SecretTokenStep.Fill, SecretTokenPlanner.Compute(secret, Uid, "PEM2"));
        Assert.Equal(SecretTokenStep.Delete, SecretTokenPlanner.Compute(secret, "another", Authorities));
    }, cases: 500);

    private static string Or(string? text, string other) => text is { Length: > 0 } ? text : other;

    private static V1Secret Secret(string? uid, string? token, string? place, string? authorities)
    {
        var secret = new V1Secret
        {
            Type = SecretTokenPlanner.Type,
            Metadata = new V1ObjectMeta
            {
                Name = "t", NamespaceProperty = "default",
                Annotations = new Dictionary<string, string> { [SecretTokenPlanner.AccountAnnotation] = "bot" },
            },
            Data = new Dictionary<string, byte[]> { ["mine"] = "x"u8.ToArray() },
        };
        if (uid is not null)
        {
            secret.Metadata.Annotations[SecretTokenPlanner.UidAnnotation] = uid;
        }

        foreach (var (field, text) in new[] { ("token", token), ("namespace", place), ("ca.crt", authorities) })
        {
            if (text is not null)
            {
                secret.Data[field] = Encoding.UTF8.GetBytes(text);
            }
        }

        return secret;
    }
}
