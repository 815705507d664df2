using Kola.Ignition;

namespace Kola.Tests.Ignition;

public sealed class JsonTextTests
{
    [TestCase("{\n  \"a\": tru\n}", "2:11", "\"U+000A\"", false)]
    [TestCase("{\"a\": 1,}", "1:9", "where a key in double quotes should be", true)]
    [TestCase("{\"a\": [1,]}", "1:10", "where a value should begin", true)]
    [TestCase("{\"a\" 1}", "1:6", "where : should be", true)]
    [TestCase("{\"a\": \"b}", "1:10", "a text without its closing quote", true)]
    [TestCase("{\"a\": \"b\nc\"}", "1:9", "U+000A in a text", true)]
    [TestCase("{\"a\": \"\\u12\"}", "1:9", "\\u is no escape JSON knows", true)]
    [TestCase("{\"a\": 0644}", "1:8", "420 for 0644", true)]
    [TestCase("{\"a\": -}", "1:8", "where a digit should be", true)]
    [TestCase("{\"a\": 1} x", "1:10", "after the end of the config", true)]
    [TestCase("\uFEFF{}", "1:1", "byte order mark", true)]
    [TestCase("  \n", "1:1", "there is nothing in it", true)]
    public void A_mistake_has_its_place_and_says_what_it_is(string text, string at, string message, bool exact)
    {
        ConfigProblem problem = JsonText.Read(text).Problems.Single();
        Assert.That(problem.At.ToString(), Is.EqualTo(at));
        Assert.That(problem.Message, exact ? Does.Contain(message) : Does.StartWith("not JSON: "));
    }

    [Test]
    public void Nesting_ends_before_the_stack_does()
    {
        ConfigProblem problem = JsonText.Read(new string('[', 1_000_000)).Problems.Single();
        Assert.That(problem.Message, Does.Contain("more than 500 objects and lists within one another"));
        Assert.That(JsonText.Read("{\"a\":" + new string('[', 499) + new string(']', 499) + "}").Config, Is.Not.Null);
    }

    [Test]
    public void Values_have_their_places_and_members_written_twice_are_kept()
    {
        ObjectNode root = JsonText.Read("{\"a\": 1e3,\n \"b\": [true, null, \"\\ud83d\\ude00\\ud800\"], \"a\": -0.5}").Config!;
        Assert.That(root.Members.Select(m => $"{m.Name} {m.At} {m.Value.At}"), Is.EqualTo(new[] { "a 1:2 1:7", "b 2:2 2:7", "a 2:43 2:48" }));
        Assert.That(((NumberNode)root["a"]!).Text, Is.EqualTo("-0.5"));
        Assert.That(((StringNode)((ArrayNode)root["b"]!).Items[2]).Value, Is.EqualTo("😀\uFFFD"));
    }
}
