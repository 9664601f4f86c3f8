// SPDX-License-Identifier: MIT
// A small C++ program: maps of strings, vectors that grow, shared pointers, two threads.
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

struct Node {
	std::shared_ptr<Node> next;
	std::string name;
};

static unsigned long work(unsigned long seed)
{
	std::map<std::string, std::vector<int>> ordered;
	std::unordered_map<unsigned long, std::unique_ptr<std::string>> hashed;
	std::shared_ptr<Node> list;
	unsigned long sum = 0;

	for (int i = 0; i < 300000; i++) {
		seed = seed * 6364136223846793005UL + 1442695040888963407UL;
		unsigned long r = seed >> 33;

		ordered["key " + std::to_string(r % 20000)].push_back(i);
		hashed[r % 50000] = std::make_unique<std::string>(r % 90, 'x');
		if (i % 3 == 0)
			list = std::make_shared<Node>(Node{ list, std::to_string(r) });
		if (i % 3000 == 2999)
			while (list)
				list = list->next;
	}
	for (const auto &entry : ordered)
		sum += entry.second.size() + entry.first.size();
	for (const auto &entry : hashed)
		sum += entry.second->size();
	return sum;
}

int main()
{
	unsigned long sums[2];
	std::thread other([&] { sums[1] = work(2); });

	sums[0] = work(1);
	other.join();
	std::printf("%lu %lu\n", sums[0], sums[1]);
}
