using System.Buffers.Text;
using System.Text;
using CsCheck;
using OrleansOrchestrator.Api.Lists;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Lists;

public sealed class ContinueTokenTests
{
    private static readonly Gen<string> Name =
        Gen.String[Pick.From('a', 'b', 'z', '0', '-', '.'), 1, 20].Where(n => n is not ("." or ".."));

    private static readonly DateTimeOffset Began = DateTimeOffset.FromUnixTimeSeconds(1_900_000_000);

    [Fact]
    public void SurvivesTheRoundTrip() => Gen.Select(
        Gen.Long[1, long.MaxValue], Name, Name, Gen.Bool).Check((revision, space, name, across) =>
    {
        var key = new ObjectKey(space, name);
        var token = ContinueToken.Decode(ContinueToken.After(revision, key, across, Began).Encode()).Required;
        Assert.Equal(revision, token.Revision);
        Assert.Equal(Began.ToUnixTimeSeconds(), token.BeganAtSeconds);
        Assert.Equal(key, token.ToKey(across ? "" : space, namespaced: true, out var inclusive));
        Assert.False(inclusive);
        return true;
    });

    [Fact]
    public void HasUpstreamsForm()
    {
        var text = Encoding.UTF8.GetString(
            Base64Url.DecodeFromChars(
                ContinueToken.After(7, new ObjectKey("shop", "web"), acrossNamespaces: true, Began).Encode()));
        Assert.Equal("""{"v":"meta.k8s.io/v1","rv":7,"start":"shop/web\u0000","at":1900000000}""", text);
    }

    [Theory]
    [InlineData("abc", "invalid character 'i' looking for beginning of value")]
    [InlineData("bm9wZQ", "invalid character 'o' in literal null (expecting 'u')")]
    [InlineData("a b", "illegal base64 data at input byte 1")]
    public void RefusesGarbageInGosWords(string token, string why) =>
        Assert.Equal(
            $"invalid continue token: continue key is not valid: {why}", ContinueToken.Decode(token).Error!.Message);

    [Theory]
    [InlineData("""{"v":"v2","rv":1,"start":"a"}""", "server does not recognize this encoded version \"v2\"")]
    [InlineData(
        """{"v":"meta.k8s.io/v1","start":"a"}""", "incorrect encoded start resourceVersion (version meta.k8s.io/v1)")]
    [InlineData("""{"v":"meta.k8s.io/v1","rv":1}""", "encoded start key empty (version meta.k8s.io/v1)")]
    [InlineData("""{"v":"meta.k8s.io/v1","rv":1,"start":"../a"}""", "../a")]
    public void RefusesForgedTokens(string json, string why)
    {
        var token = Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json));
        Assert.Equal(
            $"invalid continue token: continue key is not valid: {why}", ContinueToken.Decode(token).Error!.Message);
    }

    /// <summary>
    /// Tokens come from outside: any text, and any bytes in the right wrapping, are decoded or refused with 400.
    /// </summary>
    [Fact]
    public void AnyTextIsDecodedOrRefused()
    {
        var wrapped = Gen.Byte.Array[0, 80].Select(bytes => Base64Url.EncodeToString(bytes));
        var json = Gen.Select(Pick.From("\"meta.k8s.io/v1\"", "1", "null", "{}"), Pick.From("1", "-1", "1e400", "\"x\"", "null", "99999999999999999999"),
            Pick.From("\"a/b\"", "\"//\"", "\"\"", "[]", "\"\\u0000\""),
            (v, rv, start) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes($"{{\"v\":{v},\"rv\":{rv},\"start\":{start}}}")));
        Gen.OneOf(Gen.String[0, 60], wrapped, json).Check(text =>
        {
            var outcome = ContinueToken.Decode(text);
            return outcome.Succeeded ? outcome.Value.Start.Length > 0 : outcome.Error.Code == 400;
        }, cases: 5000);
    }
}
