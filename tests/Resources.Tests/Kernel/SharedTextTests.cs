using System.Text;
using System.Text.Json;
using CsCheck;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Kernel;

public sealed class SharedTextTests
{
    private static readonly Gen<string> Texts =
        Gen.OneOf(Gen.String, Gen.Char["abc/.-"].Array[0, 12].Select(c => new string(c)));

    private static readonly JsonSerializerOptions Relaxed = new()
    {
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>
    /// Whatever else was read before, on however many threads: the text is what the reader itself says.
    /// </summary>
    [Fact]
    public void TheTextIsTheReadersOwn() => Texts.Array[1, 40].Check(texts =>
    {
        foreach (var text in texts)
        {
            var json = JsonSerializer.SerializeToUtf8Bytes(text);
            Assert.Equal(Own(json), Read(json));
            Assert.Equal(text, Read(Encoding.UTF8.GetBytes(Quote(text))));
        }
    });

    [Fact]
    public void AShortTextIsOneString() =>
        Assert.Same(Read("\"ReplicaSet\""u8.ToArray()), Read("\"ReplicaSet\""u8.ToArray()));

    [Theory]
    [InlineData("\"a\\u0062c\"", "abc")]
    [InlineData("\"ä\"", "ä")]
    [InlineData("\"\"", "")]
    public void EscapesAndOtherAlphabetsAreRead(string json, string text) =>
        Assert.Equal(text, Read(Encoding.UTF8.GetBytes(json)));

    [Fact]
    public void BrokenTextIsRefusedAsByTheReader() =>
        Assert.Throws<InvalidOperationException>(() => Read([(byte)'"', 0xC3, 0x28, (byte)'"']));

    private static string Read(byte[] json)
    {
        var reader = new Utf8JsonReader(json);
        reader.Read();
        return SharedText.Read(ref reader);
    }

    private static string Own(byte[] json)
    {
        var reader = new Utf8JsonReader(json);
        reader.Read();
        return reader.GetString()!;
    }

    /// <summary>Without escapes where JSON needs none.</summary>
    private static string Quote(string text) => JsonSerializer.Serialize(text, Relaxed);
}
