using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Kernel;

/// <summary>Floats as Go writes them in JSON.</summary>
public sealed class GoFloatsTests
{
    private const int Draws = 20_000;

    [Theory]
    [InlineData(0, "0")]
    [InlineData(-0.0, "-0")]
    [InlineData(1, "1")]
    [InlineData(-2.5, "-2.5")]
    [InlineData(1e15, "1000000000000000")]
    [InlineData(9007199254740991, "9007199254740991")]
    [InlineData(-9223372036854775808, "-9223372036854776000")]
    [InlineData(12345678901234567890, "12345678901234567000")]
    [InlineData(123456789012345678901.5, "123456789012345680000")]
    [InlineData(1e21, "1e+21")]
    [InlineData(1.5e300, "1.5e+300")]
    [InlineData(0.00001, "0.00001")]
    [InlineData(0.000123, "0.000123")]
    [InlineData(0.0000012345678901234567, "0.0000012345678901234567")]
    [InlineData(1e-7, "1e-7")]
    [InlineData(1.5e-10, "1.5e-10")]
    [InlineData(5e-324, "5e-324")]
    public void AFloatHasAnExponentOnlyWhereGoWritesOne(double value, string wanted)
    {
        Assert.Equal(wanted, GoFloats.Text(value));
        Assert.Equal(wanted, Written(value));
    }

    /// <summary>Whatever the number: it reads back as itself, and both ways of writing it agree.</summary>
    [Fact]
    public void WhatIsWrittenReadsBack()
    {
        var random = new Random(TestSeed.Current);
        for (var i = 0; i < Draws * TestSeed.Times; i++)
        {
            var value = BitConverter.Int64BitsToDouble(random.NextInt64());
            if (!double.IsFinite(value))
            {
                continue;
            }

            var text = Written(value);
            Assert.Equal(GoFloats.Text(value), text);
            Assert.Equal(value, double.Parse(text, CultureInfo.InvariantCulture));
            Assert.Equal(Math.Abs(value) is not (0 or (>= 1e-6 and < 1e21)), text.Contains('e', StringComparison.Ordinal));
        }
    }

    private static string Written(double value)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using var writer = new Utf8JsonWriter(buffer);
        GoFloats.Write(writer, value);
        writer.Flush();
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
