using System.Text;
using CsCheck;
using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Json;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Kernel.Json;

/// <summary>
/// Base64 as Go reads it: line breaks are skipped, everything else that does not belong is refused with its place.
/// </summary>
public sealed class GoBase64Tests
{
    [Theory]
    [InlineData("", -1)]
    [InlineData("QUJD", -1)]
    [InlineData("QQ==", -1)]
    [InlineData("QR==", -1)]
    [InlineData("\r\nQU\nJD\r\n", -1)]
    [InlineData("QQ=\n=\n", -1)]
    [InlineData("QU JD", 2)]
    [InlineData(" QUJD", 0)]
    [InlineData("QUJD ", 4)]
    [InlineData("QUJD\t", 4)]
    [InlineData("QU-_", 2)]
    [InlineData("QUJ\u00e9", 3)]
    [InlineData("Q", 0)]
    [InlineData("QUJDQ", 4)]
    [InlineData("QUJDQUI", 4)]
    [InlineData("=", 0)]
    [InlineData("Q===", 1)]
    [InlineData("QQ=", 3)]
    [InlineData("QQ=Q", 2)]
    [InlineData("QQ==Q", 4)]
    [InlineData("QUI=QUI=", 4)]
    public void IsReadAsGoReadsIt(string text, int badByte)
    {
        Assert.Equal(badByte < 0, GoBase64.TryDecode(text, out var bytes, out var at));
        Assert.Equal(badByte, at);
        Assert.True(badByte < 0 || bytes.Length == 0);
    }

    /// <summary>The one codec of all fields: data, binaryData and certificates alike.</summary>
    [Theory]
    [InlineData(typeof(V1Secret), "data", "{\"k\":\"QU JD\"}")]
    [InlineData(typeof(V1Secret), "data", "{\"k\":\"QUJD\\t\"}")]
    [InlineData(typeof(V1ConfigMap), "binaryData", "{\"k\":\" QUJD\"}")]
    [InlineData(typeof(Admissionregistrationv1WebhookClientConfig), "caBundle", "\"QUJD \"")]
    public void BlanksAreRefusedInEveryField(Type model, string field, string value)
    {
        var decoding = new JsonDecoding();
        ResourceCodec.Read(model, Encoding.UTF8.GetBytes($"{{\"{field}\":{value}}}"), decoding);
        Assert.StartsWith("illegal base64 data at input byte ", decoding.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void BitsBeyondTheLastByteAreIgnored()
    {
        Assert.True(GoBase64.TryDecodeUrl("QJ", out var bytes, out _));
        Assert.Equal("@"u8.ToArray(), bytes);
    }

    [Fact]
    public void WhatWasEncodedIsDecoded() => Gen.Byte.Array[0, 50].Check(bytes =>
    {
        Assert.True(GoBase64.TryDecode(
            Convert.ToBase64String(bytes, Base64FormattingOptions.InsertLineBreaks), out var again, out _));
        Assert.Equal(bytes, again);
        Assert.True(GoBase64.TryDecodeUrl(System.Buffers.Text.Base64Url.EncodeToString(bytes), out again, out _));
        Assert.Equal(bytes, again);
    });

    [Fact]
    public void NoiseIsRefusedOrRead() =>
        Gen.Char["QUJD=+/-_ \n\r\t"].Array[0, 12].Select(c => new string(c)).Check(text =>
    {
        GoBase64.TryDecode(text, out _, out _);
        GoBase64.TryDecodeUrl(text, out _, out _);
    });
}
